"""What every test has: the event loops, the watchdog, processes of their own."""

import asyncio
import contextlib
import faulthandler
import gc
import importlib.util
import os
import selectors
import shutil
import signal
import subprocess
import sys
import textwrap
import threading

import pytest
import sundown_pytest
from proactor_loop import ProactorLoop

HAS_UVLOOP = importlib.util.find_spec("uvloop") is not None

# A shell ignores SIGINT for what it starts in the background, and so would every process that a test starts. A handler is not
# inherited.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Seconds. A test that hangs ends the run with the stacks of all threads, which says more than a limit of CI's. On a busy machine
# the longest tests take a hundred.
WATCHDOG = 300


def pytest_report_header(config):
    uvloop = "with" if HAS_UVLOOP else "WITHOUT"
    return f"sundown_pytest: {sundown_pytest.__build__}, {uvloop} uvloop, {sundown_pytest.__file__}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    faulthandler.dump_traceback_later(WATCHDOG, exit=True, file=sys.__stderr__)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


class WithoutAddReader(asyncio.SelectorEventLoop):
    """A loop that watches no descriptors for others, and receives from no sockets."""

    def __init__(self):
        super().__init__(selectors.DefaultSelector())

    def add_reader(self, *_):
        raise NotImplementedError

    def remove_reader(self, *_):
        raise NotImplementedError

    def add_writer(self, *_):
        raise NotImplementedError

    def remove_writer(self, *_):
        raise NotImplementedError

    async def sock_recv(self, *_):
        raise NotImplementedError


def new_loop(kind):
    if kind == "uvloop":
        import uvloop

        return uvloop.new_event_loop()
    if kind == "proactor":
        return ProactorLoop()
    if kind == "without-add-reader":
        return WithoutAddReader()
    return asyncio.SelectorEventLoop()


def uvloop_marks():
    return [] if HAS_UVLOOP else [pytest.mark.skip(reason="uvloop has no wheel for this interpreter")]


class Loops:
    """Makes loops of one kind and runs coroutines on them as `asyncio.run` does. An error that nobody took fails."""

    def __init__(self, kind):
        self.kind = kind

    def new(self):
        return new_loop(self.kind)

    @contextlib.contextmanager
    def open(self):
        loop = self.new()
        complaints = []
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        try:
            yield loop
        finally:
            asyncio.set_event_loop(None)
            if not loop.is_closed():
                with contextlib.suppress(RuntimeError):
                    finish(loop)
                loop.close()
        assert not complaints, complaints

    def run(self, main):
        with self.open() as loop:
            asyncio.set_event_loop(loop)
            return loop.run_until_complete(main)

    def run_in_thread(self, main):
        """Runs the coroutine that `main()` returns on a loop in a thread; `join()` returns its result or raises."""
        return Joined(lambda: self.run(main()))


def finish(loop):
    """As `asyncio.run` does at its end."""
    tasks = asyncio.all_tasks(loop)
    for task in tasks:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
    loop.run_until_complete(loop.shutdown_asyncgens())


class Joined:
    def __init__(self, function):
        self.outcome = None
        self.thread = threading.Thread(target=self.work, args=(function,), name="test")
        self.thread.start()

    def work(self, function):
        try:
            self.outcome = (function(), None)
        except BaseException as error:  # to be raised by `join`
            self.outcome = (None, error)

    def join(self, timeout=60):
        self.thread.join(timeout)
        assert not self.thread.is_alive(), "the thread hangs"
        result, error = self.outcome
        if error is not None:
            raise error
        return result


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=uvloop_marks())])
def loops(request):
    return Loops(request.param)


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=uvloop_marks()), "proactor", "without-add-reader"])
def all_loops(request):
    """For what the bridge does in another way where there is no `add_reader`."""
    return Loops(request.param)


class Ended:
    def __init__(self, returncode, out, err):
        self.returncode = returncode
        self.out = out
        self.err = err

    def __repr__(self):
        return f"exit status {self.returncode}\n--- stdout\n{self.out}\n--- stderr\n{self.err}"


class Script:
    """A process of its own that runs Python code, with a watchdog."""

    PRELUDE = "import asyncio, atexit, os, signal, sys, threading, time\nimport sundown_pytest as sp\n"

    def __init__(self, code, *, env=None, limit=60, prelude=PRELUDE, forks=False):
        environment = {**os.environ, **(env or {})}
        # Its own stacks first, if it hangs. A forked child would wait at its exit for faulthandler's thread, which it has
        # not got.
        guard = f"import faulthandler; faulthandler.dump_traceback_later({limit - 5}, exit=True)\n"
        guard = "" if forks else guard
        self.limit = limit
        self.process = subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-c", guard + prelude + textwrap.dedent(code)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            start_new_session=True,
        )

    def line(self):
        """The next line that it prints: what a test waits for instead of sleeping."""
        return self.process.stdout.readline().rstrip("\n")

    def wait(self):
        try:
            out, err = self.process.communicate(timeout=self.limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            out, err = self.process.communicate()
            pytest.fail(f"it hangs\n{Ended('none', out, err)}")
        return Ended(self.process.returncode, out, err)


@pytest.fixture
def start():
    """`start(code)`: a running `Script`."""
    scripts = []

    def start(code, **options):
        scripts.append(Script(code, **options))
        return scripts[-1]

    yield start
    for script in scripts:
        if script.process.poll() is None:
            os.killpg(script.process.pid, signal.SIGKILL)
            script.process.communicate()
        for pipe in (script.process.stdin, script.process.stdout, script.process.stderr):
            pipe.close()


@pytest.fixture
def script(start):
    """`script(code)` runs it to its end: what it printed. Anything but the status given, and any noise, is a failure."""

    def script(code, *, status=0, noise=None, **options):
        ended = start(code, **options).wait()
        assert ended.returncode == status, ended
        if noise is None:
            assert ended.err == "", ended
        else:
            assert noise in ended.err, ended
        return ended.out

    return script


def interrupt_at(line):
    """For `sys.settrace`: Ctrl-C at the entry of a function of `glue.py`, or before a line of it; the one of this number that runs.
    Not in a `__del__`, where an exception ends in a message and nowhere else."""
    left = line

    def trace(frame, event, _):
        nonlocal left
        if frame.f_code.co_filename != "<sundown/glue.py>" or is_in_del(frame):
            return None
        if event in ("call", "line"):
            left -= 1
            if left == 0:
                raise KeyboardInterrupt
        return trace

    return trace


def is_in_del(frame):
    while frame is not None and frame.f_code.co_name != "__del__":
        frame = frame.f_back
    return frame is not None


def descriptors():
    """The open descriptors of this process, with what they are."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


def wait_until(condition, seconds=30):
    """For what ends on another thread without an event that a test could wait for, such as that thread itself. Whether it did."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return True
        pause.wait(0.02)
    return False


async def until(condition, seconds=30):
    """As `wait_until`, for what needs a loop that turns."""
    for _ in range(int(seconds / 0.005)):
        if condition():
            return
        await asyncio.sleep(0.005)


@contextlib.contextmanager
def only_new_garbage():
    """A collection looks at what is made meanwhile, and not at all of pytest, for which it holds the GIL for as long as a hundred
    of them."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def os_threads():
    """The names of all threads of this process, Rust's too."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm", encoding="utf-8") as comm:
            names.append(comm.read().rstrip("\n"))
    return sorted(names)


def gone(name):
    """Whether no thread of this process has that name any more. An OS thread is off the kernel's list a moment after its end.

    One look that finds none is enough: a thread that a runtime's own thread starts has that one's name at first.
    """
    return wait_until(lambda: name not in os_threads())


@pytest.fixture(scope="session")
def twin(tmp_path_factory):
    """A folder with a second extension module, from the same build: a copy of the library under its second name."""
    return copy_of_the_library(tmp_path_factory.mktemp("twin"), "sundown_pytest_twin")


@pytest.fixture(scope="session")
def bare(tmp_path_factory):
    """As `twin`; this module calls no `install`."""
    return copy_of_the_library(tmp_path_factory.mktemp("bare"), "sundown_pytest_bare")


def copy_of_the_library(folder, name):
    library = sundown_pytest.__file__ if sundown_pytest.__file__.endswith(".so") else sundown_pytest.sundown_pytest.__file__
    suffix = os.path.basename(library).split(".", 1)[1]
    shutil.copy(library, folder / f"{name}.{suffix}")
    return folder
