//! What an interpreter in this process says of a thread.

use std::fmt;

/// A thread, as an interpreter in this process knows it: made by `sundown_python::audit`.
///
/// ```text
/// daemon, at /srv/jobs.py:31 in worker
/// not a daemon, at /usr/lib/python3.12/threading.py:359 in Condition.wait, from /srv/jobs.py:31 in worker
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct InterpreterThread {
    /// What the interpreter calls it; none if that has only met it.
    pub name: Option<String>,
    /// Its id there: `threading.get_ident()`.
    pub ident: u64,
    /// Whether the interpreter ends without it; none if that is not known.
    pub daemon: Option<bool>,
    /// Its innermost frame, `file:line in function`; none if it runs none of the interpreter's code.
    pub at: Option<String>,
    /// The innermost frame that is not of the interpreter's own library, where `at` is.
    pub from: Option<String>,
}

impl InterpreterThread {
    /// One of which nothing else is known.
    #[doc(hidden)]
    #[must_use]
    pub fn new(ident: u64) -> Self {
        InterpreterThread { name: None, ident, daemon: None, at: None, from: None }
    }
}

impl fmt::Display for InterpreterThread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let daemon = self.daemon.map(|daemon| if daemon { "daemon" } else { "not a daemon" }.to_owned());
        let at = self.at.as_ref().map(|at| format!("at {at}"));
        let from = self.from.as_ref().map(|from| format!("from {from}"));
        let parts: Vec<String> = [daemon, at, from].into_iter().flatten().collect();
        f.write_str(&parts.join(", "))
    }
}
