//! A share of tokio's cooperative budget for what is polled beside others, or outside of a task.
//!
//! tokio gives a task a budget for each poll. Its resources use it up and are then pending, so that what is always ready
//! returns once in a while. For steps that is not enough: one that is always ready uses up what the others need, and where
//! nothing sets a budget (in a blocking driver, under another executor) its poll never returns.
//!
//! No call sets a budget. But a [`RestoreOnPending`] restores the budget that it has seen, however that was adjusted since;
//! its documentation says so. Each thread keeps one that has seen a full budget. To drop it fills the budget, and the next
//! one is made at once.
//!
//! [`RestoreOnPending`]: ::tokio::task::coop::RestoreOnPending

/// Calls `poll` with a budget of its own, and leaves the caller's as it is. Returns also whether `poll`, or a call of this
/// function within it, has used up its budget: then what is pending may have more to do at once.
pub(crate) fn own<T>(poll: impl FnOnce() -> T) -> (T, bool) {
    #[cfg(feature = "tokio")]
    return coop::own(poll);
    #[cfg(not(feature = "tokio"))]
    (poll(), false)
}

/// Calls `poll`. Returns also whether a call of [`own`] within it has used up its budget.
pub(super) fn watch<T>(poll: impl FnOnce() -> T) -> (T, bool) {
    #[cfg(feature = "tokio")]
    return coop::watch(poll, || false);
    #[cfg(not(feature = "tokio"))]
    (poll(), false)
}

/// Whether the caller has a budget: it is async code that tokio, or [`own`], polls.
#[cfg(feature = "tokio")]
pub(super) fn is_limited() -> bool {
    coop::is_limited()
}

#[cfg(feature = "tokio")]
mod coop {
    use std::cell::Cell;
    use std::future::{Future as _, poll_fn};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::rc::Rc;
    use std::task::{Context, Poll, Waker};

    use tokio::task::LocalSet;
    use tokio::task::coop::{RestoreOnPending, has_budget_remaining, poll_proceed, unconstrained};

    use crate::driver::is_context_destroyed;

    thread_local! {
        static FULL: Full = const { Full(Cell::new(None)) };
        /// Whether something within the innermost call of [`own`] has used up its budget.
        static SPENT: Cell<bool> = const { Cell::new(false) };
    }

    /// What has seen a full budget.
    struct Full(Cell<Option<RestoreOnPending>>);

    impl Drop for Full {
        fn drop(&mut self) {
            if let Some(full) = self.0.take() {
                full.made_progress(); // so that it restores nothing
            }
        }
    }

    pub(super) fn own<T>(poll: impl FnOnce() -> T) -> (T, bool) {
        // Some destructors of thread-locals run when nothing can be kept any more, and tokio's own may be gone.
        let kept = FULL.try_with(|full| full.0.take());
        let Some(full) = kept.ok().and_then(|full| full.or_else(first)) else { return (poll(), false) };
        let mut calls = Some((full, poll));
        // It restores the caller's budget in the end, also when `poll` panics.
        let restoring = pin!(unconstrained(poll_fn(|cx| {
            let (full, poll) = calls.take().expect("it is polled once");
            drop(full);
            if let Poll::Ready(full) = poll_proceed(cx) {
                FULL.with(|kept| kept.0.set(Some(full)));
            }
            Poll::Ready(watch(poll, || !has_budget_remaining()))
        })));
        match restoring.poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(result) => result,
            Poll::Pending => unreachable!("`unconstrained` is pending only where its future is"),
        }
    }

    /// `is_spent` says whether `poll` has used up the budget that it had.
    pub(super) fn watch<T>(poll: impl FnOnce() -> T, is_spent: impl FnOnce() -> bool) -> (T, bool) {
        let before = SPENT.replace(false);
        let output = poll();
        let spent = SPENT.get() || is_spent();
        SPENT.set(before || spent);
        (output, spent)
    }

    /// More than any budget: tokio counts it in a byte.
    const MOST: usize = 256;

    pub(super) fn is_limited() -> bool {
        let cx = &mut Context::from_waker(Waker::noop());
        // Restores what the loop uses up, when it is dropped.
        let Poll::Ready(_restores) = poll_proceed(cx) else { return true };
        let mut units = std::iter::repeat_with(|| poll_proceed(cx)).take(MOST);
        units.any(|unit| match unit {
            Poll::Ready(unit) => {
                unit.made_progress();
                false
            }
            Poll::Pending => true,
        })
    }

    /// The first one of a thread: from a task that runs here and now, in a set of its own.
    #[cold]
    fn first() -> Option<RestoreOnPending> {
        // tokio panics once its thread-locals are destroyed.
        let task = || {
            let given = Rc::new(Cell::new(None));
            let into = Rc::clone(&given);
            let set = LocalSet::new();
            set.spawn_local(poll_fn(move |cx| poll_proceed(cx).map(|full| into.set(Some(full)))));
            let _ended: Poll<()> = pin!(set).poll(&mut Context::from_waker(Waker::noop()));
            given.take()
        };
        if is_context_destroyed() {
            return None;
        }
        catch_unwind(AssertUnwindSafe(task)).ok().flatten()
    }
}

#[cfg(all(test, feature = "tokio", not(sundown_loom)))]
mod tests {
    use std::future::{Future as _, poll_fn};
    use std::panic::{AssertUnwindSafe, catch_unwind};
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use tokio::task::coop::{consume_budget, has_budget_remaining};

    use super::{is_limited, own};

    /// How often a resource of tokio's is ready before it is not; none if it always is.
    fn budget() -> Option<usize> {
        let mut units = 0;
        while units < 10_000 {
            let poll = pin!(consume_budget()).poll(&mut Context::from_waker(Waker::noop()));
            if poll.is_pending() {
                return Some(units);
            }
            units += 1;
        }
        None
    }

    #[test]
    fn outside_a_runtime_there_is_a_budget_within_and_none_after() {
        for _ in 0..3 {
            let (units, spent) = own(budget);
            assert!(matches!(units, Some(100..)), "{units:?}");
            assert!(spent);
            assert_eq!(budget(), None);
            assert!(!own(|| ()).1);
        }
    }

    #[test]
    fn in_a_task_the_budget_of_the_task_is_left_alone() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let task = runtime.spawn(poll_fn(|_| {
            let whole = own(budget).0;
            assert!(has_budget_remaining());
            let left = budget();
            assert!(!has_budget_remaining());
            assert_eq!(own(budget).0, whole, "also where the task has none left");
            assert!(!has_budget_remaining());
            Poll::Ready((whole, left))
        }));
        let (whole, left) = runtime.block_on(task).unwrap();
        assert!(whole.is_some_and(|whole| left.is_some_and(|left| left >= whole)), "{whole:?} {left:?}");
    }

    #[test]
    fn async_code_is_limited_and_keeps_its_budget_when_it_asks() {
        assert!(!is_limited());
        assert!(own(is_limited).0);
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let _entered = runtime.enter();
        assert!(!is_limited(), "only entered");
        let whole = runtime.block_on(async { (budget(), is_limited()) });
        assert_eq!(whole, (whole.0, true), "also where nothing is left");
        let asked = runtime.block_on(async { (is_limited(), budget()) });
        assert_eq!(asked, (true, whole.0), "it uses nothing up");
        let blocking = tokio::task::spawn_blocking(is_limited);
        let in_place = tokio::spawn(async { (tokio::task::block_in_place(is_limited), is_limited()) });
        assert_eq!(
            runtime.block_on(async { (blocking.await.unwrap(), in_place.await.unwrap()) }),
            (false, (false, true))
        );
    }

    #[test]
    fn one_within_another_has_its_own_and_is_spent_for_both() {
        let ((before, inner, after), spent) = own(|| {
            let before = own(|| ()).1;
            let inner = own(budget).1;
            (before, inner, has_budget_remaining())
        });
        assert_eq!((before, inner, after, spent), (false, true, true, true));
        assert!(!own(|| ()).1, "and for nobody afterwards");
    }

    #[test]
    fn a_panic_leaves_no_budget_behind() {
        let _ = catch_unwind(AssertUnwindSafe(|| own(|| std::panic::panic_any(()))));
        assert_eq!(budget(), None);
        assert!(own(budget).0.is_some());
    }

    #[test]
    fn inside_a_local_set_and_a_blocking_region() {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).build().unwrap();
        let units = runtime.block_on(async {
            tokio::spawn(async { tokio::task::block_in_place(|| (own(budget).0, budget())) }).await.unwrap()
        });
        assert!(matches!(units, (Some(_), None)), "{units:?}");
        let set = tokio::task::LocalSet::new();
        let units = set.block_on(&runtime, async { tokio::task::spawn_local(async { own(budget).0 }).await.unwrap() });
        assert!(units.is_some());
    }
}
