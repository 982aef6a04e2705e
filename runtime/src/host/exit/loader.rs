//! The loader of Windows, which calls what a thread and a DLL do at their ends.
//!
//! It holds its lock meanwhile: around `DllMain`, and around the callback in which std runs the destructors of
//! thread-locals (`DLL_THREAD_DETACH`, `DLL_PROCESS_DETACH`; std's `sys::thread_local::guard::windows`). A thread that
//! begins or ends needs that lock too. So a thread that waits there for another one waits for itself; and a thread that was
//! started while its DLL is unloaded begins where there is no code any more.
//!
//! `ExitProcess` ends all other threads first, wherever they are.

use std::ffi::c_void;
use std::mem::offset_of;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use windows_sys::Win32::System::Threading::GetCurrentThreadId;

#[link(name = "ntdll")]
#[allow(unsafe_code, reason = "neither std nor windows-sys has them")]
unsafe extern "system" {
    fn RtlDllShutdownInProgress() -> u8;
    fn RtlGetCurrentPeb() -> *const Peb;
}

/// The process environment block, as far as it is needed. Its layout has been this since Windows NT, and in Wine.
#[repr(C)]
struct Peb {
    #[cfg(target_pointer_width = "64")]
    _before: [u8; 0x110],
    #[cfg(target_pointer_width = "32")]
    _before: [u8; 0xa0],
    loader_lock: AtomicPtr<CriticalSection>,
}

/// `RTL_CRITICAL_SECTION`, which winnt.h documents.
///
/// Others write to it while this thread has a reference to it: so all of it is atomic.
#[repr(C)]
struct CriticalSection {
    _debug_info: AtomicPtr<c_void>,
    _lock_count: AtomicI32,
    _recursion_count: AtomicI32,
    /// The id of the thread that has it; null if none has.
    owning_thread: AtomicPtr<c_void>,
}

const _: () = assert!(offset_of!(CriticalSection, owning_thread) == size_of::<usize>() + 8);

/// Whether the process ends and all its other threads are gone, or this thread holds the loader lock.
#[allow(unsafe_code, reason = "calls of the OS, and a look at its structures")]
pub(super) fn is_detaching() -> bool {
    // SAFETY: it has no preconditions.
    if unsafe { RtlDllShutdownInProgress() } != 0 {
        return true;
    }
    // SAFETY: the block lives as long as the process, and so does the lock that it points to. Others write to it, by
    // atomic operations; only this thread writes its own id.
    unsafe {
        let lock = (*RtlGetCurrentPeb()).loader_lock.load(Ordering::Relaxed);
        lock.as_ref()
            .is_some_and(|lock| lock.owning_thread.load(Ordering::Relaxed).addr() == GetCurrentThreadId() as usize)
    }
}

/// parking_lot, whose locks tokio has with its feature `parking_lot`, asks the loader which call of the OS it can wait by when a
/// thread of the process waits for the first time. Asking takes the loader lock, while a thread that goes to sleep at a
/// condition still holds tokio's lock; so a drop under the loader lock that needs tokio's lock, as
/// `Runtime::shutdown_background` does, and that thread wait for each other. Here it is asked before there is such a drop.
#[cfg(feature = "tokio")]
#[allow(unsafe_code, reason = "parking_lot has no other call that asks")]
pub(super) fn ask_before_locks() {
    use parking_lot_core::{DEFAULT_PARK_TOKEN, park};

    static KEY: u8 = 0;
    // SAFETY: the key is the address of something of ours. The functions neither panic nor call parking_lot. Nothing waits,
    // because the first of them says no.
    let _ = unsafe { park((&raw const KEY).addr(), || false, || (), |_, _| (), DEFAULT_PARK_TOKEN, None) };
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::sync::mpsc;
    use std::thread;

    use super::is_detaching;

    struct Says(mpsc::Sender<bool>);

    impl Drop for Says {
        fn drop(&mut self) {
            let _ = self.0.send(is_detaching());
        }
    }

    /// It fails where the block is laid out otherwise.
    #[test]
    fn a_destructor_of_a_thread_local_holds_the_loader_lock_and_its_thread_did_not() {
        thread_local!(static KEPT: RefCell<Option<Says>> = const { RefCell::new(None) });
        let (sender, receiver) = mpsc::channel();
        let other = sender.clone();
        thread::spawn(move || {
            KEPT.set(Some(Says(sender)));
            drop(Says(other));
        })
        .join()
        .unwrap();
        assert_eq!(receiver.iter().collect::<Vec<_>>(), [false, true]);
    }
}
