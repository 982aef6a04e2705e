//! Panics that must go no further.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Calls `f`. A panic ends here; the panic hook has told of it. So may its payload, which can panic when it is dropped.
///
/// For what runs where a panic would abort the process, as in a destructor of a thread-local, or would keep others from
/// their turn.
pub fn quietly(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f))
        && let Err(again) = catch_unwind(AssertUnwindSafe(|| drop(payload)))
    {
        std::mem::forget(again);
    }
}

#[cfg(all(test, not(sundown_loom)))]
mod tests {
    use std::panic::panic_any;

    use super::quietly;

    #[test]
    fn the_payload_of_a_payload_goes_no_further() {
        // It has no size, so the one that is forgotten leaks nothing.
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic_any(Panics);
            }
        }
        quietly(|| panic_any(Panics));
        let mut called = false;
        quietly(|| called = true);
        assert!(called);
    }
}
