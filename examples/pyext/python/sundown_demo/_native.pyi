"""The Rust half of `sundown_demo`."""

from asyncio import AbstractEventLoop
from os import PathLike
from types import TracebackType
from typing import Any, Awaitable, Callable, Iterable, Mapping, final, overload

from typing_extensions import Self

from .steps import Step

@overload
def sweep(loop: None = None, *, timeout: float | None = 5.0) -> Awaitable[str]:
    """Ends all that is left on the running loop but for the caller, within `timeout` seconds: `await sweep()`."""

@overload
def sweep(loop: AbstractEventLoop, *, timeout: float | None = 5.0) -> Any:
    """Ends all that is left on a loop that does not run, and closes it. Returns the report, or raises with it."""

def sweep_at_exit(loop: AbstractEventLoop, *, timeout: float | None = 5.0) -> None:
    """Has `sweep(loop)` called when the interpreter exits, unless the loop is closed by then."""

def audit() -> Audit:
    """Says which threads and child processes are still alive, where the threads are, and whose they are."""

@final
class Audit:
    """Which threads and child processes were alive at one moment. Its `repr` is a table."""

    @property
    def threads(self) -> list[dict[str, Any]]:
        """The threads but the caller's and the main one, oldest first. Times in seconds."""

    @property
    def processes(self) -> list[dict[str, Any]]:
        """The child processes and theirs, oldest first."""

    def as_dict(self) -> dict[str, Any]:
        """All of it, with plain values, for `json.dumps`."""

class _Closing:
    """What `#[pyclass_teardown]` adds to each class."""

    def close(self, timeout: float | None = None) -> None: ...
    def aclose(self, timeout: float | None = None) -> Awaitable[None]: ...
    def __enter__(self) -> Self: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> None: ...
    def __aenter__(self) -> Awaitable[Self]: ...
    def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> Awaitable[None]: ...
    @property
    def closed(self) -> bool: ...

@final
class Clock(_Closing):
    """Counts the milliseconds until it is closed."""

    def __new__(cls) -> Self: ...
    def ticks(self) -> int: ...

@final
class Runner(_Closing):
    """Runs workflows, and jobs by the clock; what became of each is in a database in `folder`."""

    def __new__(
        cls, folder: str | PathLike[str], *, cron: Mapping[str, Step] | None = None, workers: int = 4
    ) -> Self: ...
    def run(
        self,
        workflow: Iterable[Step],
        *,
        timeout: float | None = None,
        on_step: Callable[[Job], object] | None = None,
    ) -> list[Job]: ...
    def running(self) -> list[str]: ...
    def counts(self) -> dict[str, int]: ...
    @property
    def shutdown_report(self) -> str | None: ...

@final
class Job:
    """A step that has ended."""

    @property
    def id(self) -> int: ...
    @property
    def kind(self) -> str: ...
    @property
    def state(self) -> str: ...
    @property
    def note(self) -> str: ...

class WorkflowError(Exception):
    """A step of a workflow failed."""

@final
class Server(_Closing):
    """A key-value server on a port of its own, in this process."""

    def __new__(cls) -> Self: ...
    @property
    def address(self) -> str: ...
    @property
    def connections(self) -> int: ...

@final
class Client(_Closing):
    """A client of a Redis, a Valkey or a `Server` at `address` (`host:port`)."""

    def __new__(cls, address: str) -> Self: ...
    def get(self, key: str) -> Awaitable[bytes | None]: ...
    def put(self, key: str, value: bytes) -> Awaitable[None]: ...
    def delete(self, key: str) -> Awaitable[bool]: ...
    def watch(self, key: str) -> Awaitable[Watch]: ...
    def on_change(self, key: str, callback: Callable[[bytes], object]) -> Awaitable[None]: ...

@final
class Watch:
    """An async iterator over the values of one key."""

    def __aiter__(self) -> Self: ...
    def __anext__(self) -> Awaitable[bytes]: ...

@final
class ScriptedTool(_Closing):
    """A tool for anyone who writes scripts: a language model, a test, a user."""

    def __new__(cls, *, timeout: float | None = None) -> Self: ...
    def add(self, name: str, function: Callable[..., str | None | Awaitable[str | None]]) -> None: ...
    def execute(self, script: str, *, session: str = "main", timeout: float | None = None) -> str: ...
    def aexecute(self, script: str, *, session: str = "main", timeout: float | None = None) -> Awaitable[str]: ...
    def start(self, script: str, *, session: str = "main") -> None: ...
    def end(self, session: str) -> None: ...

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
