//! Whether a field that nobody annotated is, or contains, a resource.
//!
//! The expansion asks `search!(Type)`, aliases and all. [`search`] looks at the type and, through the holders of
//! [`holders`], at what is in it; [`known`] has the types with a name of their own here. What is found fails the build.

mod holders;
mod known;
pub(super) mod search;

pub(super) use known::Exempt;

/// What a search has found.
#[derive(Clone, Copy)]
pub enum Finding {
    /// No resource.
    Nothing,
    /// The type has a `Teardown`.
    Stops,
    /// Something with a `Teardown` is in it, and it has none itself.
    Held,
    /// The same, behind a lock or a count.
    Shared,
    /// The same: an `Option` of a thread's handle.
    SharedThread,
    /// The same: an `Option` of a tokio runtime.
    SharedRuntime,
    /// A thread's handle, which has no `Teardown` until it is wrapped.
    Thread,
    /// A tokio runtime: the same.
    Runtime,
    /// A task's handle. That of a task whose output is not `Send` has no `Teardown`.
    Task,
    /// A task's handle that aborts on drop.
    AbortOnDrop,
    /// A token's guard, which cancels on drop.
    DropGuard,
    /// A set of tasks that stay on their thread.
    LocalSet,
}

impl Finding {
    /// What the error says of it.
    #[must_use]
    pub const fn note(self) -> &'static str {
        match self {
            Finding::Nothing | Finding::Stops => "",
            Finding::Held => "note: it can only be stopped in a field of its own\n",
            Finding::Shared | Finding::SharedThread | Finding::SharedRuntime => {
                "note: it can only be stopped as a `Shared<T>`\n"
            }
            Finding::Thread => "note: it can only be stopped in an `Option`, or as a `Thread`\n",
            Finding::Runtime => "note: it can only be stopped in an `Option`\n",
            Finding::Task => "note: it can only be stopped if the task's output is `Send`\n",
            Finding::AbortOnDrop => "note: it can only be stopped as a `JoinHandle`\n",
            Finding::DropGuard => "note: it can only be stopped as a `CancellationToken`\n",
            Finding::LocalSet => "note: it can only be stopped by its drop, which drops its tasks\n",
        }
    }
}

/// Fails the build if the field `name` is a resource. The caller is the field, so that the error points there.
///
/// # Panics
///
/// That is its purpose.
#[track_caller]
pub const fn not_forgotten(name: &str, found: Finding) {
    if matches!(found, Finding::Nothing) {
        return;
    }
    let text = Text::EMPTY.push("resource field `").push(name).push("` is not part of the shutdown\n");
    let text = text.push(found.note());
    let text = text.push("help: add `#[shutdown]`, or `#[shutdown(skip)]` if someone else stops it");
    panic!("{}", text.as_str())
}

/// A text that is put together at compile time.
pub struct Text {
    bytes: [u8; 1024],
    len: usize,
}

impl Text {
    /// Empty.
    pub const EMPTY: Text = Text { bytes: [0; 1024], len: 0 };

    /// With more at its end, as far as there is room.
    pub const fn push(mut self, text: &str) -> Self {
        let text = text.as_bytes();
        let mut i = 0;
        while i < text.len() && self.len < self.bytes.len() {
            self.bytes[self.len] = text[i];
            self.len += 1;
            i += 1;
        }
        self
    }

    /// All of it.
    pub const fn as_str(&self) -> &str {
        match std::str::from_utf8(self.bytes.split_at(self.len).0) {
            Ok(text) => text,
            Err(_) => "a resource field is not part of the shutdown", // a name that was cut off within a character
        }
    }
}

#[cfg(test)]
mod tests;
