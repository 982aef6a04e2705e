# What `sundown_python::install` adds to an extension module.

class ShutdownError(RuntimeError):
    """Something did not shut down cleanly, or is refused because the interpreter exits."""

    report: str | None
    """What became of each step, as a readable tree."""

class ShutdownTimeout(ShutdownError, TimeoutError):
    """Something had to be forced, or was given up, when its time was over."""

class RuntimePanic(Exception):
    """Rust code panicked; the message says why and where."""

class ForkedProcessError(RuntimeError):
    """Something of the parent process was used in a forked child."""

class NeedsAsyncioError(RuntimeError):
    """An asyncio event loop is needed, but another async library runs here, such as trio."""
