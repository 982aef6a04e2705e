//! The runtime of the module: made at first use, and anew in a forked child.

use std::io;
use std::panic::Location;
use std::sync::{Mutex, OnceLock};

use crate::install;
use crate::internal::host::fork::PerProcess;
use crate::internal::sync::lock;
use crate::runtime::{Builder, Runtime};

static MODULE: PerProcess<Module> = PerProcess::inheriting(Module::of);

/// What reports call it, unless it gets another name.
const NAME: &str = "default";

struct Module {
    runtime: OnceLock<&'static Runtime>,
    /// Held while the runtime is made, so that one is made. tokio calls a user's `thread_name_fn` meanwhile, which must not
    /// use the module.
    builder: Mutex<Builder>,
}

impl Module {
    /// A forked child makes what its parent was to make, unless a thread held the builder at the fork.
    fn of(parent: Option<&'static Module>) -> Self {
        let inherited = parent.and_then(|parent| Some(parent.builder.try_lock().ok()?.for_child()));
        let builder = inherited.unwrap_or_else(|| Runtime::builder().name(NAME));
        Module { runtime: OnceLock::new(), builder: Mutex::new(builder) }
    }

    /// A failure is not kept: the next call tries again.
    #[cold]
    fn make(&self, caller: &'static Location<'static>) -> io::Result<&'static Runtime> {
        let builder = lock(&self.builder);
        if let Some(runtime) = self.runtime.get() {
            return Ok(runtime);
        }
        let runtime = builder.again().build_at(caller)?;
        Ok(self.runtime.get_or_init(|| Box::leak(Box::new(runtime))))
    }
}

/// The module-wide runtime; if it is made now, reports name this place.
pub(super) fn get_at(caller: &'static Location<'static>) -> io::Result<&'static Runtime> {
    let module = MODULE.get();
    match module.runtime.get() {
        Some(runtime) => Ok(runtime),
        None => module.make(caller),
    }
}

/// The module-wide runtime, if it was made.
pub(crate) fn made() -> Option<&'static Runtime> {
    MODULE.get().runtime.get().copied()
}

/// The module-wide runtime: the bridge's functions run their futures on it. It is made at first use, and made anew in a
/// forked child.
///
/// May be called from any thread, attached or not; blocks while another thread makes it.
///
/// ```no_run
/// use sundown_python::get_runtime;
///
/// let task = get_runtime().spawn(async { 6 * 7 })?;
/// # Ok::<(), pyo3::PyErr>(())
/// ```
///
/// # Panics
///
/// If the OS gives no threads or no descriptors for it.
#[track_caller]
#[must_use]
pub fn get_runtime() -> &'static Runtime {
    get_at(Location::caller()).unwrap_or_else(|error| panic!("the module's runtime cannot be started: {error}"))
}

/// Says how the [module-wide runtime](get_runtime) is to be made: a builder of ours, or one of tokio's. Has no effect once
/// it is made; the last call before counts.
///
/// ```no_run
/// let mut builder = tokio::runtime::Builder::new_multi_thread();
/// builder.enable_all().worker_threads(2);
/// sundown_python::init(builder);
/// ```
pub fn init(builder: impl Into<Builder>) {
    install::soon();
    let builder = builder.into().or_name(NAME);
    *lock(&MODULE.get().builder) = builder;
}

/// Makes `runtime`, which is somebody else's, the [module-wide runtime](get_runtime): at exit only our tasks on it are
/// stopped. In a forked child, where its threads are missing, the module has a runtime of its own.
///
/// ```no_run
/// use std::sync::OnceLock;
/// use tokio::runtime::Runtime;
///
/// static RUNTIME: OnceLock<Runtime> = OnceLock::new();
/// let runtime = RUNTIME.get_or_init(|| Runtime::new().unwrap());
/// sundown_python::init_with_runtime(runtime).expect("nothing has used the module's runtime yet");
/// ```
///
/// # Errors
///
/// If the module-wide runtime was made before.
#[track_caller]
#[allow(clippy::result_unit_err, reason = "the signature of pyo3-async-runtimes")]
pub fn init_with_runtime(runtime: &'static tokio::runtime::Runtime) -> Result<(), ()> {
    let caller = Location::caller();
    let module = MODULE.get();
    let _one_makes_it = lock(&module.builder);
    if module.runtime.get().is_some() {
        return Err(());
    }
    // Nothing is started, so nothing fails.
    let made = Builder::from(runtime).name(NAME).build_at(caller).map_err(drop)?;
    module.runtime.set(Box::leak(Box::new(made))).map_err(drop)
}
