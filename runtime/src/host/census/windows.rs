//! Threads and child processes, from a Toolhelp snapshot.
#![allow(unsafe_code, reason = "std has none of this")]

use std::ffi::c_void;
use std::os::windows::io::{AsRawHandle as _, FromRawHandle as _, OwnedHandle};
use std::sync::LazyLock;
use std::time::Duration;
use std::{mem, ptr};

use windows_sys::Win32::Foundation::{FILETIME, HANDLE, INVALID_HANDLE_VALUE, LocalFree, WAIT_TIMEOUT};
use windows_sys::Win32::System::Diagnostics::ToolHelp::{
    CreateToolhelp32Snapshot, PROCESSENTRY32W, Process32FirstW, Process32NextW, TH32CS_SNAPPROCESS, TH32CS_SNAPTHREAD,
    THREADENTRY32, Thread32First, Thread32Next,
};
use windows_sys::Win32::System::LibraryLoader::{
    GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS, GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, GetModuleHandleExW,
    GetModuleHandleW, GetProcAddress,
};
use windows_sys::Win32::System::Threading::{
    GetCurrentProcessId, GetCurrentThreadId, GetProcessTimes, GetThreadTimes, OpenProcess, OpenThread,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, THREAD_QUERY_INFORMATION, THREAD_SYNCHRONIZE,
    WaitForSingleObject,
};
use windows_sys::core::PWSTR;

use super::{Process, Thread};

/// Why there is no list.
pub(crate) const NOT_LISTED: &str = "threads and child processes are not listed: the system gives no snapshot";

/// Without those of the system's own thread pool, which come and go as it likes.
pub(super) fn threads() -> Vec<Thread> {
    // SAFETY: it has no preconditions.
    let own = unsafe { GetCurrentProcessId() };
    thread_ids(own).into_iter().filter_map(thread).collect()
}

fn thread(tid: u32) -> Option<Thread> {
    let handle = open_thread(tid)?;
    if is_of_the_system(&handle) {
        return None;
    }
    let (started, cpu) = times(&handle, GetThreadTimes)?;
    Some(Thread { tid, name: name(&handle), state: None, cpu, started })
}

/// The thread that asks.
pub(super) fn caller() -> Option<u32> {
    // SAFETY: it has no preconditions.
    Some(unsafe { GetCurrentThreadId() })
}

/// The thread that runs `main`: the first one.
pub(super) fn main(threads: &[Thread]) -> Option<u32> {
    threads.iter().min_by_key(|thread| thread.started).map(|thread| thread.tid)
}

/// The children of this process, and theirs. What has ended is not among them: nobody has to wait for it.
pub(super) fn processes() -> Vec<Process> {
    // SAFETY: it has no preconditions.
    let own = unsafe { GetCurrentProcessId() };
    let all = process_ids();
    let started = |pid: u32| Some(times(&open_process(pid)?, GetProcessTimes)?.0);
    // The id of a parent may be another's by now, which is younger then.
    let mut family = vec![(own, started(own).unwrap_or(0))];
    let mut found = Vec::new();
    let mut next = 0;
    while let Some(&(parent, born)) = family.get(next) {
        for (pid, of, program) in &all {
            if *of != parent || *pid == parent {
                continue;
            }
            let Some(started) = started(*pid) else { continue };
            if started >= born && !family.contains(&(*pid, started)) {
                family.push((*pid, started));
                let command = program.clone();
                found.push(Process { pid: *pid, parent, group: None, zombie: false, command, started });
            }
        }
        next += 1;
    }
    found
}

#[cfg(feature = "testing")]
impl Thread {
    /// Signalled when it has ended; none if it has.
    pub(crate) fn end(&self) -> Option<OwnedHandle> {
        open_thread(self.tid).filter(|handle| times(handle, GetThreadTimes).is_some_and(|(at, _)| at == self.started))
    }
}

#[cfg(feature = "testing")]
impl Process {
    /// Signalled when it has ended; none if it has.
    pub(crate) fn end(&self) -> Option<OwnedHandle> {
        open_process(self.pid).filter(|handle| times(handle, GetProcessTimes).is_some_and(|(at, _)| at == self.started))
    }
}

fn snapshot(flags: u32) -> Option<OwnedHandle> {
    // SAFETY: the call takes numbers. The handle is new.
    let handle = unsafe { CreateToolhelp32Snapshot(flags, 0) };
    // SAFETY: it is valid, and nobody else's.
    (handle != INVALID_HANDLE_VALUE).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })
}

/// The ids of a process's threads.
fn thread_ids(process: u32) -> Vec<u32> {
    let mut found = Vec::new();
    let Some(snapshot) = snapshot(TH32CS_SNAPTHREAD) else { return found };
    let mut entry = THREADENTRY32 { dwSize: size_of::<THREADENTRY32>() as u32, ..Default::default() };
    // SAFETY: the snapshot is open, and the entry says how large it is.
    let mut more = unsafe { Thread32First(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        if entry.th32OwnerProcessID == process {
            found.push(entry.th32ThreadID);
        }
        // SAFETY: as above.
        more = unsafe { Thread32Next(snapshot.as_raw_handle(), &raw mut entry) };
    }
    found
}

/// Each process there is, with the id of its parent and the name of its program.
fn process_ids() -> Vec<(u32, u32, String)> {
    let mut found = Vec::new();
    let Some(snapshot) = snapshot(TH32CS_SNAPPROCESS) else { return found };
    let mut entry = PROCESSENTRY32W { dwSize: size_of::<PROCESSENTRY32W>() as u32, ..Default::default() };
    // SAFETY: the snapshot is open, and the entry says how large it is.
    let mut more = unsafe { Process32FirstW(snapshot.as_raw_handle(), &raw mut entry) };
    while more != 0 {
        let length = entry.szExeFile.iter().position(|c| *c == 0).unwrap_or(entry.szExeFile.len());
        let program = String::from_utf16_lossy(&entry.szExeFile[..length]);
        found.push((entry.th32ProcessID, entry.th32ParentProcessID, program));
        // SAFETY: as above.
        more = unsafe { Process32NextW(snapshot.as_raw_handle(), &raw mut entry) };
    }
    found
}

/// None, if it is not there, or has ended and somebody still has a handle of it.
fn open_thread(tid: u32) -> Option<OwnedHandle> {
    // SAFETY: the call takes numbers.
    running(unsafe { OpenThread(THREAD_SYNCHRONIZE | THREAD_QUERY_INFORMATION, 0, tid) })
}

/// As [`open_thread`].
fn open_process(pid: u32) -> Option<OwnedHandle> {
    // SAFETY: the call takes numbers.
    running(unsafe { OpenProcess(PROCESS_SYNCHRONIZE | PROCESS_QUERY_LIMITED_INFORMATION, 0, pid) })
}

/// `handle` is new, or null.
fn running(handle: HANDLE) -> Option<OwnedHandle> {
    // SAFETY: the callers have just opened it.
    let handle = (!handle.is_null()).then(|| unsafe { OwnedHandle::from_raw_handle(handle) })?;
    // SAFETY: it is open.
    (unsafe { WaitForSingleObject(handle.as_raw_handle(), 0) } == WAIT_TIMEOUT).then_some(handle)
}

type Times = unsafe extern "system" fn(HANDLE, *mut FILETIME, *mut FILETIME, *mut FILETIME, *mut FILETIME) -> i32;

/// When it was started, and the processor time that it has used.
fn times(handle: &OwnedHandle, times: Times) -> Option<(u64, Duration)> {
    let [mut created, mut exited, mut kernel, mut user] = [FILETIME::default(); 4];
    // SAFETY: the handle is of the kind that `times` takes, and the rest are locals.
    let result =
        unsafe { times(handle.as_raw_handle(), &raw mut created, &raw mut exited, &raw mut kernel, &raw mut user) };
    let number = |time: FILETIME| u64::from(time.dwHighDateTime) << 32 | u64::from(time.dwLowDateTime);
    // In units of 100 ns.
    (result != 0).then(|| (number(created), Duration::from_nanos((number(kernel) + number(user)).saturating_mul(100))))
}

/// The name that std gives a thread; empty for a thread that has none, and where the system has no names.
fn name(thread: &OwnedHandle) -> String {
    let Some(describe) = *DESCRIBE else { return String::new() };
    let mut text = ptr::null_mut();
    // SAFETY: the handle is a thread's. The text is ours to free.
    unsafe {
        if describe(thread.as_raw_handle(), &raw mut text) < 0 || text.is_null() {
            return String::new();
        }
        let length = (0..).take_while(|i| *text.add(*i) != 0).count();
        let name = String::from_utf16_lossy(std::slice::from_raw_parts(text, length));
        LocalFree(text.cast());
        name
    }
}

type Describe = unsafe extern "system" fn(HANDLE, *mut PWSTR) -> i32;

/// `GetThreadDescription`. Looked up: Windows Server 2016 has it in KernelBase.dll alone, and older systems have none; a program
/// that imports what is not there does not start.
static DESCRIBE: LazyLock<Option<Describe>> = LazyLock::new(|| {
    // SAFETY: the names end with a zero; the DLL is one that every process has, and never unloads.
    unsafe {
        let module = GetModuleHandleW(windows_sys::w!("kernelbase.dll"));
        let found = (!module.is_null()).then(|| GetProcAddress(module, c"GetThreadDescription".as_ptr().cast()))??;
        // SAFETY: this is its signature.
        Some(mem::transmute::<unsafe extern "system" fn() -> isize, Describe>(found))
    }
});

#[link(name = "ntdll")]
unsafe extern "system" {
    fn NtQueryInformationThread(
        thread: HANDLE,
        class: i32,
        information: *mut c_void,
        length: u32,
        read: *mut u32,
    ) -> i32;
}

/// `ThreadQuerySetWin32StartAddress`.
const START_ADDRESS: i32 = 9;

/// Whether it was started by ntdll, whose thread pool runs timers and waits.
fn is_of_the_system(thread: &OwnedHandle) -> bool {
    let mut start: *const u16 = ptr::null();
    let mut module = ptr::null_mut();
    let ntdll: Vec<u16> = "ntdll.dll\0".encode_utf16().collect();
    // SAFETY: the handle is a thread's, the buffers are locals of the right sizes, and the name ends with a zero.
    unsafe {
        let length = size_of::<usize>() as u32;
        let result = NtQueryInformationThread(
            thread.as_raw_handle(),
            START_ADDRESS,
            (&raw mut start).cast(),
            length,
            ptr::null_mut(),
        );
        let flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
        result >= 0
            && GetModuleHandleExW(flags, start, &raw mut module) != 0
            && module == GetModuleHandleW(ntdll.as_ptr())
    }
}
