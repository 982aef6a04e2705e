//! Windows: a job object, which holds what the child starts, and theirs.
//!
//! There are two, one in the other. process-wrap's starts the child suspended, stops all of it at once, and is closed by
//! the OS whatever becomes of this process, which kills what is left. But it shows nobody its handle, and its wait ends with
//! the job's first message. So ours lists who is there; the handle of each says when it has ended, since the messages of a
//! job are not guaranteed to arrive.

mod signalled;

use std::ffi::OsString;
use std::io;
use std::os::windows::ffi::OsStringExt as _;
use std::os::windows::io::{AsRawHandle as _, BorrowedHandle, FromRawHandle as _, OwnedHandle};
use std::path::Path;
use std::ptr;
use std::sync::{Arc, Mutex};

use process_wrap::tokio::{ChildWrapper, CommandWrap, CommandWrapper, CreationFlags, JobObject, KillOnDrop};
use tokio::process::{Child, Command};
use windows_sys::Win32::Foundation::{ERROR_INVALID_PARAMETER, ERROR_MORE_DATA, HANDLE};
use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, IsProcessInJob, JobObjectBasicProcessIdList, QueryInformationJobObject,
};
use windows_sys::Win32::System::Threading::{
    CREATE_NEW_PROCESS_GROUP, OpenProcess, PROCESS_NAME_WIN32, PROCESS_QUERY_INFORMATION,
    PROCESS_QUERY_LIMITED_INFORMATION, PROCESS_SYNCHRONIZE, QueryFullProcessImageNameW,
};

use self::signalled::{Signalled, is_signalled};
use super::{listed, named};
use crate::resource::joiner::wait_exit;
use crate::sync::lock;

/// A job. A clone is the same one.
#[derive(Clone, Debug)]
pub(in super::super) struct Group {
    id: u32,
    job: Arc<OwnedHandle>,
    /// A job does not list who is in its exit. So these are asked themselves: the child, which is to be reaped, and who was
    /// there when the job was terminated.
    others: Arc<Mutex<Vec<Running>>>,
}

/// Looks are not shared: a job knows its own.
pub(super) struct Asked;

impl Group {
    /// Starts `command` in a job, and in a console group of its own.
    pub(in super::super) fn spawn(command: Command) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        let job = Arc::new(new_job()?);
        let mut flags = CreationFlags(Default::default());
        flags.0.0 = CREATE_NEW_PROCESS_GROUP;
        let mut command = CommandWrap::from(command);
        let entered = Arc::new(Mutex::new(None));
        let enter = Enter { job: Arc::clone(&job), entered: Arc::clone(&entered) };
        let child = command.wrap(flags).wrap(KillOnDrop).wrap(enter).wrap(JobObject).spawn()?;
        let id = child.id().ok_or_else(|| io::Error::other("the child has no id"))?;
        // After an error the drop of the child kills it.
        let handle = lock(&entered).take().ok_or_else(|| io::Error::other("the child has no handle"))??;
        Ok((child, Group { id, job, others: Arc::new(Mutex::new(vec![Running { id, handle }])) }))
    }

    /// A job is a tree.
    pub(in super::super) fn spawn_tree(command: Command) -> io::Result<(Box<dyn ChildWrapper>, Self)> {
        Self::spawn(command)
    }

    /// Nobody is outside.
    pub(in super::super) fn outside(&self) -> Option<String> {
        None
    }

    /// Of the child, and of its console group.
    pub(in super::super) fn id(&self) -> u32 {
        self.id
    }

    /// CTRL_BREAK, to those that share this process's console.
    #[allow(unsafe_code, reason = "std has no console events")]
    pub(in super::super) fn request(&self, _child: &dyn ChildWrapper) -> io::Result<()> {
        // SAFETY: the call takes two numbers. The id is the child's: our handle of it is open.
        let sent = check(unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, self.id) });
        // That all of them have ended is no error.
        sent.or_else(|error| if self.ids()?.is_empty() { Ok(()) } else { Err(error) })
    }

    /// Ends process-wrap's job.
    pub(in super::super) fn kill(&self, child: &mut dyn ChildWrapper) -> io::Result<()> {
        let doomed = self.running_now();
        child.start_kill()?;
        // If they cannot be listed, the child remains.
        if let Ok(doomed) = doomed {
            *lock(&self.others) = doomed;
        }
        Ok(())
    }

    /// The names and ids of those that run; none if nobody does.
    pub(in super::super) fn names(&self) -> Option<String> {
        listed(self.running_now().ok()?.iter().map(|member| named(&image(&member.handle), member.id)))
    }

    pub(super) fn ask(&self) -> Asked {
        Asked
    }

    /// Those that run; none if nobody does.
    pub(super) fn running(&self, _: &Asked) -> io::Result<Option<Vec<Running>>> {
        Ok(Some(self.running_now()?).filter(|running| !running.is_empty()))
    }

    fn running_now(&self) -> io::Result<Vec<Running>> {
        let mut running = self.members()?;
        for other in lock(&self.others).iter() {
            if !is_signalled(&other.handle) && running.iter().all(|member| member.id != other.id) {
                running.push(Running { id: other.id, handle: other.handle.try_clone()? });
            }
        }
        Ok(running)
    }

    fn members(&self) -> io::Result<Vec<Running>> {
        let mut members = Vec::new();
        for id in self.ids()? {
            let Some(handle) = open(id)? else { continue };
            // Meanwhile the id may have gone to another process, whose end does not concern us.
            if self.holds(&handle)? && !is_signalled(&handle) {
                members.push(Running { id, handle });
            }
        }
        Ok(members)
    }

    /// The ids of those that are in the job. One that has ended is not.
    #[allow(unsafe_code, reason = "std has no jobs")]
    fn ids(&self) -> io::Result<Vec<u32>> {
        // Two numbers of 32 bits, then the list: all of it in words, which aligns it.
        let mut words = vec![0_usize; 64];
        let head = 2 * size_of::<u32>() / size_of::<usize>();
        loop {
            let bytes = u32::try_from(words.len() * size_of::<usize>()).map_err(io::Error::other)?;
            let buffer = words.as_mut_ptr();
            // SAFETY: the handle is a job's, and the buffer has this number of bytes and the alignment of its type.
            let result = check(unsafe {
                QueryInformationJobObject(
                    self.job.as_raw_handle(),
                    JobObjectBasicProcessIdList,
                    buffer.cast(),
                    bytes,
                    ptr::null_mut(),
                )
            });
            // SAFETY: the buffer begins with two such numbers.
            let [assigned, listed] = unsafe { buffer.cast::<[u32; 2]>().read() }.map(|number| number as usize);
            match result {
                Err(error) if error.raw_os_error() != Some(ERROR_MORE_DATA.cast_signed()) => return Err(error),
                Ok(()) if listed >= assigned => {
                    let ids = &words[head..head + listed];
                    return Ok(ids.iter().filter_map(|id| u32::try_from(*id).ok()).collect());
                }
                _ => words.resize((words.len() * 2).max(assigned + head + 16), 0),
            }
        }
    }

    #[allow(unsafe_code, reason = "as in `ids`")]
    fn holds(&self, process: &OwnedHandle) -> io::Result<bool> {
        let mut inside = 0;
        // SAFETY: the handles are a process's and a job's, and `inside` is a local.
        check(unsafe { IsProcessInJob(process.as_raw_handle(), self.job.as_raw_handle(), &raw mut inside) })?;
        Ok(inside != 0)
    }
}

/// A process that had not ended.
#[derive(Debug)]
pub(super) struct Running {
    id: u32,
    handle: OwnedHandle,
}

impl Running {
    pub(super) async fn over(self) -> io::Result<()> {
        Signalled::watch(self.handle)?.wait().await;
        Ok(())
    }

    pub(super) fn over_blocking(self) -> io::Result<()> {
        wait_exit(self.handle)
    }
}

/// Puts the child into our job before its first thread runs, and before it is put into process-wrap's.
#[derive(Debug)]
struct Enter {
    job: Arc<OwnedHandle>,
    /// A handle of the child, or why it is not in the job. process-wrap forgets a child that is suspended when `post_spawn`
    /// fails.
    entered: Arc<Mutex<Option<io::Result<OwnedHandle>>>>,
}

impl CommandWrapper for Enter {
    #[allow(unsafe_code, reason = "std has no jobs")]
    fn post_spawn(&mut self, _: &mut Command, child: &mut Child, _: &CommandWrap) -> io::Result<()> {
        let Some(process) = child.raw_handle() else { return Ok(()) };
        // SAFETY: both handles are open.
        let entered = check(unsafe { AssignProcessToJobObject(self.job.as_raw_handle(), process) });
        // SAFETY: the child keeps its handle open during this call.
        let handle = || unsafe { BorrowedHandle::borrow_raw(process) }.try_clone_to_owned();
        *lock(&self.entered) = Some(entered.and_then(|()| handle()));
        Ok(())
    }
}

#[allow(unsafe_code, reason = "std has no jobs")]
fn new_job() -> io::Result<OwnedHandle> {
    // SAFETY: null pointers stand for no security attributes and no name. The handle is new, and nobody else's.
    unsafe { owned(CreateJobObjectW(ptr::null(), ptr::null())) }
}

/// None, if there is no such process any more.
#[allow(unsafe_code, reason = "std opens no process by its id")]
fn open(id: u32) -> io::Result<Option<OwnedHandle>> {
    // To ask whether it is in a job, Wine wants the first. Windows is content with the second, which it grants for more.
    let rights = [PROCESS_QUERY_INFORMATION, PROCESS_QUERY_LIMITED_INFORMATION];
    // SAFETY: the call takes numbers. The handle is new, and nobody else's.
    let open = |right| unsafe { owned(OpenProcess(PROCESS_SYNCHRONIZE | right, 0, id)) };
    match open(rights[0]).or_else(|_| open(rights[1])) {
        Ok(handle) => Ok(Some(handle)),
        Err(error) if error.raw_os_error() == Some(ERROR_INVALID_PARAMETER.cast_signed()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The file name of a process's program.
#[allow(unsafe_code, reason = "std does not tell it")]
fn image(process: &OwnedHandle) -> String {
    let mut path = [0_u16; 1024];
    let mut length = path.len() as u32;
    // SAFETY: the buffer has room for `length` characters.
    let result = check(unsafe {
        QueryFullProcessImageNameW(process.as_raw_handle(), PROCESS_NAME_WIN32, path.as_mut_ptr(), &raw mut length)
    });
    let path = if result.is_ok() { &path[..length as usize] } else { &[] };
    let path = OsString::from_wide(path);
    Path::new(&path).file_name().map_or_else(|| "a process".to_owned(), |name| name.to_string_lossy().into_owned())
}

fn check(result: windows_sys::core::BOOL) -> io::Result<()> {
    if result == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// # Safety
///
/// `handle` is null, or a handle that nobody else owns.
#[allow(unsafe_code, reason = "see above")]
unsafe fn owned(handle: HANDLE) -> io::Result<OwnedHandle> {
    if handle.is_null() {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the caller says so.
    Ok(unsafe { OwnedHandle::from_raw_handle(handle) })
}
