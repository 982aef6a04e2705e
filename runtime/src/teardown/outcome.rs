//! What became of one step.

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::sync::Arc;

use crate::driver::Name;
use crate::sync::quietly;

/// What became of one step of a teardown.
///
/// The variants are in order of severity: a group of steps has the outcome of its worst member.
///
/// Made by [`from_result`](Outcome::from_result), [`from_panic`](Outcome::from_panic) and [`abandoned`](Outcome::abandoned).
/// What has named fields may get more: match it with `..`.
///
/// ```
/// use sundown::Outcome;
///
/// let said = match Outcome::from_result(Err::<(), _>("no route")) {
///     Outcome::Failed(failure) => failure.to_string(),
///     Outcome::Panicked { message, .. } => message,
///     Outcome::Abandoned { reason, .. } => reason,
///     _ => String::new(),
/// };
/// assert_eq!(said, "no route");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Outcome {
    /// It stopped by itself, in time.
    Stopped,
    /// It did not stop in time, was forced (aborted, killed) and is confirmed to have ended.
    Forced,
    /// It ended, with an error.
    Failed(Failure),
    /// It ended in a panic, or one of its operations panicked.
    #[non_exhaustive]
    Panicked {
        /// The panic's message; what is not a string is described.
        message: String,
    },
    /// It still runs, or it cannot be known whether it does.
    #[non_exhaustive]
    Abandoned {
        /// Why it was given up.
        reason: String,
    },
}

impl Outcome {
    /// Whether it stopped by itself, without an error.
    #[must_use]
    pub fn is_stopped(&self) -> bool {
        matches!(self, Outcome::Stopped)
    }

    /// The outcome of something that ended with `result`: [`Stopped`](Outcome::Stopped) or
    /// [`Failed`](Outcome::Failed).
    pub fn from_result<T, E: Into<Box<dyn Error + Send + Sync>>>(result: Result<T, E>) -> Self {
        match result {
            Ok(_) => Outcome::Stopped,
            Err(error) => Outcome::Failed(Failure::new(error)),
        }
    }

    /// With the steps below `from`, which its text names, below `to`.
    pub(crate) fn moved(mut self, from: &Name, to: &Name) -> Self {
        if let Outcome::Panicked { message: text } | Outcome::Abandoned { reason: text } = &mut self
            && from != to
        {
            *text = Name::moved_in(text, from, to);
        }
        self
    }

    /// The outcome of a panic with this payload, as [`std::thread::JoinHandle::join`] and [`std::panic::catch_unwind`]
    /// return it.
    #[must_use]
    pub fn from_panic(payload: &(dyn Any + Send)) -> Self {
        Outcome::Panicked { message: panic_message(payload) }
    }

    /// As [`from_panic`](Self::from_panic), of a panic that goes no further. A payload may panic in its drop.
    pub(crate) fn caught(payload: Box<dyn Any + Send>) -> Self {
        let outcome = Self::from_panic(&*payload);
        quietly(|| drop(payload));
        outcome
    }

    /// An [`Abandoned`](Outcome::Abandoned) with this reason.
    pub fn abandoned(reason: impl Into<String>) -> Self {
        Outcome::Abandoned { reason: reason.into() }
    }

    /// The one word for it: `stopped`, `forced`, `failed`, `panicked` or `abandoned`.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Outcome::Stopped => "stopped",
            Outcome::Forced => "forced",
            Outcome::Failed(_) => "failed",
            Outcome::Panicked { .. } => "panicked",
            Outcome::Abandoned { .. } => "abandoned",
        }
    }

    /// The worse of the two; `self` where they are as bad.
    #[must_use]
    pub fn worse(self, other: Outcome) -> Outcome {
        if other.severity() > self.severity() { other } else { self }
    }

    pub(crate) fn severity(&self) -> u8 {
        match self {
            Outcome::Stopped => 0,
            Outcome::Forced => 1,
            Outcome::Failed(_) => 2,
            Outcome::Panicked { .. } => 3,
            Outcome::Abandoned { .. } => 4,
        }
    }

    /// The message, error chain or reason.
    pub(crate) fn explanation(&self) -> Option<String> {
        match self {
            Outcome::Stopped | Outcome::Forced => None,
            Outcome::Failed(failure) => Some(failure.to_string()),
            Outcome::Panicked { message } => Some(message.clone()),
            Outcome::Abandoned { reason } => Some(reason.clone()),
        }
    }
}

/// What ended without a result has stopped.
impl From<()> for Outcome {
    fn from((): ()) -> Self {
        Outcome::Stopped
    }
}

/// As [`Outcome::from_result`].
impl<T, E: Into<Box<dyn Error + Send + Sync>>> From<Result<T, E>> for Outcome {
    fn from(result: Result<T, E>) -> Self {
        Outcome::from_result(result)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())?;
        match self.explanation() {
            Some(text) => write!(f, ": {text}"),
            None => Ok(()),
        }
    }
}

/// An error that a step ended with, kept whole: `Clone`, and with its source chain.
#[derive(Clone)]
pub struct Failure(Arc<Kept>);

struct Kept {
    error: Box<dyn Error + Send + Sync>,
    /// The messages of the chain, if one of them must not be asked for later.
    messages: Option<Vec<String>>,
}

/// How a higher layer puts errors of its kind into words: at once, when they are kept. Their `Display` is one that must not
/// be called on any thread, at any time, as that of a Python exception. `None` for an error of another kind.
pub struct Words(pub fn(&(dyn Error + 'static)) -> Option<String>);

#[cfg(feature = "host-hooks")]
inventory::collect!(Words);

#[cfg(feature = "host-hooks")]
fn words(error: &(dyn Error + 'static)) -> Option<String> {
    inventory::iter::<Words>.into_iter().find_map(|Words(words)| words(error))
}

#[cfg(not(feature = "host-hooks"))]
fn words(_error: &(dyn Error + 'static)) -> Option<String> {
    None
}

impl Failure {
    /// Keeps `error`: an [`Error`], an `anyhow::Error`, a `String` or a `&str`.
    pub fn new(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        let error = error.into();
        let mut known = false;
        let messages = sources(&*error).map(|error| words(error).inspect(|_| known = true)).collect::<Vec<_>>();
        let messages = known.then(|| {
            let said = sources(&*error).zip(messages);
            said.map(|(error, words)| words.unwrap_or_else(|| error.to_string())).collect()
        });
        Failure(Arc::new(Kept { error, messages }))
    }

    /// The error itself, to downcast or to walk its sources.
    #[must_use]
    pub fn error(&self) -> &(dyn Error + Send + Sync + 'static) {
        &*self.0.error
    }

    /// The message of the error and of each of its sources, outermost first.
    pub fn chain(&self) -> impl Iterator<Item = String> + '_ {
        let kept = self.0.messages.as_deref().unwrap_or_default().iter().cloned();
        let asked = self.0.messages.is_none().then(|| chain(&*self.0.error));
        kept.chain(asked.into_iter().flatten())
    }
}

/// The message of an error and of each of its sources, outermost first.
fn chain(error: &(dyn Error + 'static)) -> impl Iterator<Item = String> {
    sources(error).map(|error| words(error).unwrap_or_else(|| error.to_string()))
}

/// An error and each of its sources, outermost first.
pub fn sources<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error: &&'a (dyn Error + 'static)| (*error).source())
}

/// These messages in one text.
pub(super) fn joined(error: &(dyn Error + 'static)) -> String {
    chain(error).collect::<Vec<_>>().join(": ")
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.messages {
            Some(_) => write!(f, "Failure({:?})", self.to_string()),
            None => fmt::Debug::fmt(&self.0.error, f),
        }
    }
}

/// For `?`. Its text is that of the whole chain, so it has no source; [`error`](Failure::error) has them.
impl Error for Failure {}

/// The messages of the chain, outermost first, with `: ` between them.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.chain().collect::<Vec<_>>().join(": "))
    }
}

/// The text of a panic's payload.
pub fn panic_message(payload: &(dyn Any + Send)) -> String {
    if let Some(text) = payload.downcast_ref::<&'static str>() {
        (*text).to_owned()
    } else if let Some(text) = payload.downcast_ref::<String>() {
        text.clone()
    } else {
        "a panic whose payload is not a string".to_owned()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Failure {
    /// The messages of the chain, as a list.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.chain())
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Outcome {
    /// A map with `outcome` (the word) and, where there is one, `error`, `message` or `reason`.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeMap as _;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("outcome", self.word())?;
        match self {
            Outcome::Stopped | Outcome::Forced => {}
            Outcome::Failed(failure) => map.serialize_entry("error", failure)?,
            Outcome::Panicked { message } => map.serialize_entry("message", message)?,
            Outcome::Abandoned { reason } => map.serialize_entry("reason", reason)?,
        }
        map.end()
    }
}
