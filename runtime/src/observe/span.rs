//! The span of a teardown, kept so that a subscriber that panics cannot end the teardown.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tracing::Span;
use tracing::span::Entered;

use crate::sync::quietly;

/// The future, in a span for the teardown of `value`.
pub fn in_span<F: Future>(value: &'static str, future: F) -> impl Future<Output = F::Output> {
    let mut span = Span::none();
    quietly(|| span = tracing::info_span!(target: super::TARGET, "shutdown", value));
    InSpan { span, future: Some(Box::pin(future)) }
}

/// As `tracing::Instrument`, which lets the panics of a subscriber through.
struct InSpan<F> {
    span: Span,
    /// None once it was dropped, inside the span.
    future: Option<Pin<Box<F>>>,
}

impl<F: Future> Future for InSpan<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let _inside = Inside::enter(&this.span);
        this.future.as_mut().expect("it is there until the drop").as_mut().poll(cx)
    }
}

impl<F> Drop for InSpan<F> {
    fn drop(&mut self) {
        let span = std::mem::replace(&mut self.span, Span::none());
        let future = self.future.take();
        let ends = Ends(Some(span));
        let inside = ends.0.as_ref().map(Inside::enter);
        drop(future);
        drop(inside);
    }
}

/// The current span, until it is dropped. That may be while a panic of the future unwinds.
struct Inside<'a>(Option<Entered<'a>>);

impl<'a> Inside<'a> {
    fn enter(span: &'a Span) -> Self {
        let mut inside = Inside(None);
        quietly(|| inside.0 = Some(span.enter()));
        inside
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        quietly(|| drop(self.0.take()));
    }
}

/// The last handle of the span: dropping it closes the span, also where the drop of the future panicked.
struct Ends(Option<Span>);

impl Drop for Ends {
    fn drop(&mut self) {
        quietly(|| drop(self.0.take()));
    }
}
