//! The errors of one compile, collected so that independent mistakes are all reported at once.

use proc_macro2::{Span, TokenStream};
use quote::ToTokens;

use crate::attr::spans::ends;

/// What is wrong, where; in the house style: line 1 lowercase, no full stop; `help` pasteable; `note` a fact.
pub(crate) struct Error {
    at: (Span, Span),
    what: String,
    note: Option<String>,
    help: Option<String>,
}

impl Error {
    /// An error at these tokens.
    pub(crate) fn at(tokens: &impl ToTokens, what: impl Into<String>) -> Self {
        Error { at: ends(tokens), what: what.into(), note: None, help: None }
    }

    /// An error where something is absent.
    pub(crate) fn at_span(span: Span, what: impl Into<String>) -> Self {
        Error { at: (span, span), what: what.into(), note: None, help: None }
    }

    pub(crate) fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    fn message(&self) -> String {
        let mut message = self.what.clone();
        for (kind, text) in [("note", &self.note), ("help", &self.help)] {
            if let Some(text) = text {
                message.push_str(&format!("\n{kind}: {text}"));
            }
        }
        message
    }
}

impl From<syn::Error> for Error {
    fn from(error: syn::Error) -> Self {
        Error::at_span(error.span(), error.to_string())
    }
}

/// The errors so far.
#[derive(Default)]
pub(crate) struct Errors(Vec<Error>);

impl Errors {
    pub(crate) fn push(&mut self, error: impl Into<Error>) {
        self.0.push(error.into());
    }

    /// Between stages: goes on only if there is no error.
    pub(crate) fn propagate(&mut self) -> Result<(), Errors> {
        if self.0.is_empty() { Ok(()) } else { Err(Errors(std::mem::take(&mut self.0))) }
    }
}

impl ToTokens for Errors {
    fn to_tokens(&self, tokens: &mut TokenStream) {
        for error in &self.0 {
            let (start, end) = error.at;
            // `syn::Error` takes the span of a range from its first and its last token.
            let range = crate::attr::spans::range(start, end);
            tokens.extend(syn::Error::new_spanned(range, error.message()).to_compile_error());
        }
    }
}
