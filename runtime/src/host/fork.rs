//! What a forked child must not touch: the state of a process in a static, and values that belong to the process that
//! made them.
//!
//! After `fork(2)` the child has the memory of its parent and one thread. A lock that another thread held stays locked for
//! ever, a thread that was waited for is not there, and a descriptor is shared with the parent. So the child makes its own
//! state anew, and neither locks nor drops what it inherited.
//!
//! Invariants of [`OfGeneration`], which the loom model below checks:
//! 1. Within one generation every caller gets the same value, and sees it whole.
//! 2. A value is never freed once somebody may have seen it: a `&'static` is handed out.
//! 3. A call in a new generation reads the generation of the inherited slot and nothing else of it, unless `make`
//!    looks, which must not block.

use std::mem::ManuallyDrop;
#[cfg(any(test, not(sundown_loom)))]
use std::ptr;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::sync::modelled::AtomicPtr;

/// Which process of a line of forks this is; 0 until somebody asked.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Which process of a line of forks this is: 1, and one more (at least) in each forked child. An atomic load.
pub fn generation() -> u32 {
    match GENERATION.load(Ordering::Relaxed) {
        0 => count_forks(),
        generation => generation,
    }
}

#[cold]
fn count_forks() -> u32 {
    // Before the number is seen, so that no fork after it goes uncounted. Two threads may both come here: then each fork
    // counts twice, which tells the processes apart as well.
    #[cfg(unix)]
    at_fork();
    let _ = GENERATION.compare_exchange(0, 1, Ordering::Relaxed, Ordering::Relaxed);
    GENERATION.load(Ordering::Relaxed)
}

#[cfg(unix)]
#[allow(unsafe_code, reason = "std has no fork handlers")]
fn at_fork() {
    extern "C" fn in_the_child() {
        // Zero stays zero: nobody has asked yet.
        let generation = GENERATION.load(Ordering::Relaxed);
        if generation != 0 {
            GENERATION.store(generation.wrapping_add(1).max(1), Ordering::Relaxed);
        }
    }
    // SAFETY: `in_the_child` lives as long as the program, and does what a signal handler may do: atomics.
    // An error (no memory) leaves a child that takes itself for its parent, as without this call.
    let _ = unsafe { libc::pthread_atfork(None, None, Some(in_the_child)) };
}

/// A static that each process has for itself.
///
/// The value of a parent is left alone for good: a child leaks it, a few hundred bytes for each fork.
pub struct PerProcess<T: 'static> {
    #[cfg(not(sundown_loom))]
    made: OfGeneration<T>,
    /// loom's pointers cannot be in statics; its models do not fork.
    #[cfg(sundown_loom)]
    made: std::sync::OnceLock<T>,
    make: Make<T>,
}

/// How a process gets its value. In a child `From` is called with the parent's.
enum Make<T: 'static> {
    New(fn() -> T),
    From(fn(Option<&'static T>) -> T),
}

impl<T: Send + Sync + 'static> PerProcess<T> {
    /// `make` must be cheap: of threads that come at the same time each may call it, and the first value counts.
    pub const fn new(make: fn() -> T) -> Self {
        Self::with(Make::New(make))
    }

    /// As [`new`](Self::new); a forked child takes something over from its parent's value. It must not block on a lock of
    /// that, which may be held forever.
    pub const fn inheriting(make: fn(Option<&'static T>) -> T) -> Self {
        Self::with(Make::From(make))
    }

    const fn with(make: Make<T>) -> Self {
        #[cfg(not(sundown_loom))]
        let made = OfGeneration::new();
        #[cfg(sundown_loom)]
        let made = std::sync::OnceLock::new();
        PerProcess { made, make }
    }

    /// The value of this process, made by the first call.
    pub fn get(&'static self) -> &'static T {
        #[cfg(not(sundown_loom))]
        return self.made.get(generation(), &self.make);
        #[cfg(sundown_loom)]
        self.made.get_or_init(|| self.make.call(None))
    }
}

impl<T: 'static> Make<T> {
    fn call(&self, inherited: Option<&'static T>) -> T {
        match self {
            Make::New(make) => make(),
            Make::From(make) => make(inherited),
        }
    }
}

/// The value of the last generation that asked for one.
struct OfGeneration<T: 'static>(AtomicPtr<Slot<T>>);

struct Slot<T> {
    generation: u32,
    value: T,
}

impl<T: Send + Sync + 'static> OfGeneration<T> {
    #[cfg(not(sundown_loom))]
    const fn new() -> Self {
        OfGeneration(AtomicPtr::new(ptr::null_mut()))
    }

    #[cfg(all(test, sundown_loom))]
    fn new() -> Self {
        OfGeneration(AtomicPtr::new(ptr::null_mut()))
    }

    #[allow(
        unsafe_code,
        reason = "a pointer to a leaked value: a `OnceLock` cannot be replaced without a look at the old one"
    )]
    #[cfg_attr(all(sundown_loom, not(test)), allow(dead_code, reason = "for the models"))]
    fn get(&self, generation: u32, make: &Make<T>) -> &'static T {
        let seen = self.0.load(Ordering::Acquire);
        // SAFETY: the pointer is null or was published by `replace`, whole. Nobody frees it or has it as `&mut`.
        match unsafe { seen.as_ref::<'static>() } {
            Some(slot) if slot.generation == generation => &slot.value,
            inherited => {
                let value = make.call(inherited.map(|slot| &slot.value));
                self.replace(seen, Slot { generation, value })
            }
        }
    }

    #[cold]
    #[allow(unsafe_code, reason = "as in `get`")]
    fn replace(&self, seen: *mut Slot<T>, new: Slot<T>) -> &'static T {
        let new = Box::into_raw(Box::new(new));
        match self.0.compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire) {
            // SAFETY: it came from a box just now, and is leaked.
            Ok(_) => unsafe { &(*new).value },
            Err(first) => {
                // SAFETY: it came from a box just now, and nobody else has seen it.
                drop(unsafe { Box::from_raw(new) });
                // SAFETY: as in `get`. A thread of this process made it: a fork leaves one thread, and that one is here.
                unsafe { &(*first).value }
            }
        }
    }
}

/// A value that a forked child may inherit: there it is out of reach, and forgotten instead of dropped.
///
/// So a tokio runtime, whose threads the child does not have, does not wait for them, and a socket does not deregister
/// itself from its parent's epoll.
pub struct Inheritable<T> {
    generation: u32,
    value: ManuallyDrop<T>,
}

impl<T> Inheritable<T> {
    /// A value of this process.
    pub fn new(value: T) -> Self {
        Inheritable { generation: generation(), value: ManuallyDrop::new(value) }
    }

    /// Whether this is a child of the process that made it.
    pub fn is_inherited(&self) -> bool {
        self.generation != generation()
    }

    /// The value; none in a forked child.
    pub fn get(&self) -> Option<&T> {
        (!self.is_inherited()).then_some(&*self.value)
    }
}

impl<T> Drop for Inheritable<T> {
    #[allow(unsafe_code, reason = "to leave a value undropped, where it lies")]
    fn drop(&mut self) {
        if !self.is_inherited() {
            // SAFETY: this is the one drop of it, and nobody looks afterwards.
            unsafe { ManuallyDrop::drop(&mut self.value) }
        }
    }
}

impl<T: std::fmt::Debug> std::fmt::Debug for Inheritable<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.get() {
            Some(value) => value.fmt(f),
            None => f.write_str("<of the parent process>"),
        }
    }
}

#[cfg(all(test, unix, not(sundown_loom)))]
#[allow(unsafe_code, reason = "fork")]
mod tests {
    use std::sync::Mutex;

    use super::*;

    /// Calls `child` in a forked child and returns what it returned.
    fn in_a_child(child: impl FnOnce() -> u8) -> i32 {
        // SAFETY: the child calls nothing that needs another thread, and ends by `_exit`.
        let pid = unsafe { libc::fork() };
        if pid == 0 {
            let code = i32::from(child());
            // SAFETY: no destructor or handler runs.
            unsafe { libc::_exit(code) };
        }
        let mut status = 0;
        // SAFETY: the child is ours, and `status` is a local.
        assert_eq!(unsafe { libc::waitpid(pid, &raw mut status, 0) }, pid);
        assert!(libc::WIFEXITED(status), "the child ended by a signal: {status}");
        libc::WEXITSTATUS(status)
    }

    #[test]
    fn a_child_makes_its_own_although_the_parents_is_locked() {
        static NUMBERS: PerProcess<Mutex<Vec<u8>>> = PerProcess::new(|| Mutex::new(vec![1]));
        let mut held = NUMBERS.get().lock().unwrap();
        held.push(2);
        let seen = in_a_child(|| {
            let mut own = NUMBERS.get().lock().unwrap();
            own.push(40);
            own.iter().sum()
        });
        assert_eq!(seen, 41);
        drop(held);
        assert_eq!(*NUMBERS.get().lock().unwrap(), [1, 2]);
    }

    #[test]
    fn a_child_can_take_something_over() {
        static NUMBER: PerProcess<u8> = PerProcess::inheriting(|parents| parents.map_or(1, |number| number + 1));
        assert_eq!(*NUMBER.get(), 1);
        assert_eq!(in_a_child(|| *NUMBER.get() + 10 * u8::from(NUMBER.get() == NUMBER.get())), 12);
        assert_eq!(*NUMBER.get(), 1);
    }

    #[test]
    fn what_was_inherited_is_not_dropped() {
        struct Exits;
        impl Drop for Exits {
            fn drop(&mut self) {
                // SAFETY: as in `in_a_child`.
                unsafe { libc::_exit(9) };
            }
        }
        let value = ManuallyDrop::new(Inheritable::new(Exits));
        let seen = in_a_child(|| {
            let value = ManuallyDrop::into_inner(value);
            let reachable = value.get().is_some();
            drop(value);
            u8::from(reachable)
        });
        assert_eq!(seen, 0);
        assert_eq!(
            in_a_child(|| {
                drop(Inheritable::new(Exits));
                0
            }),
            9,
            "its own is dropped"
        );
    }
}

#[cfg(all(test, sundown_loom))]
mod models {
    use loom::sync::Arc;
    use loom::thread;

    use super::{Make, OfGeneration};

    #[test]
    fn threads_that_come_together_get_one_value_and_see_it_whole() {
        loom::model(|| {
            let shared = Arc::new(OfGeneration::new());
            let of = |generation| {
                let shared = Arc::clone(&shared);
                thread::spawn(move || {
                    let value = shared.get(generation, &Make::New(|| vec![7; 3]));
                    assert_eq!(*value, [7, 7, 7]);
                    std::ptr::from_ref(value) as usize
                })
            };
            let (one, other) = (of(1), of(1));
            let (one, other) = (one.join().unwrap(), other.join().unwrap());
            assert_eq!(one, other);
            let child = of(2).join().unwrap();
            assert_ne!(one, child, "the parent's is alive, at its address");
        });
    }
}
