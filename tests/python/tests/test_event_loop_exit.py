"""Private event loops at the exit of the interpreter, and in a forked child."""

import sys
import time

import pytest

PRELUDE = r"""
import logging, warnings
warnings.simplefilter("error")
logging.getLogger("asyncio").setLevel("ERROR")  # in development mode it complains of slow machines
import asyncio, atexit, gc, os, sys, threading, time
import sundown_pytest as sp

begun = threading.Event()

async def sleeps():
    begun.set()
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        sys.stdout.write("cancelled\n")  # `print` writes the newline apart
        sys.stdout.flush()
        raise

async def blocks():
    begun.set()
    time.sleep(60)

async def spins():
    begun.set()
    while True:
        pass

async def swallows():
    begun.set()
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass
"""


DEV = {"PYTHONDEVMODE": "1"}


def test_exit_with_an_idle_one(script):
    assert script("own = sp.EventLoop(); own.run(print, 'ran')", prelude=PRELUDE, env=DEV) == "ran\n"


def test_exit_with_a_busy_one(script):
    out = script("own = sp.EventLoop(); own.begin(sleeps); begun.wait()", prelude=PRELUDE, env=DEV)
    assert out == "cancelled\n"


def test_exit_with_many(script):
    code = "all = [sp.EventLoop() for _ in range(50)]; [own.begin(sleeps) for own in all]; begun.wait()"
    start = time.monotonic()
    # One that has not begun at the exit is refused.
    assert set(script(code, prelude=PRELUDE, env=DEV).splitlines()) == {"cancelled"}
    assert time.monotonic() - start < 30


def test_ten_that_are_stuck_cost_one_budget(script):
    code = """
    all = [sp.EventLoop(seconds=30) for _ in range(10)]
    for own in all:
        begun.clear()
        own.begin(blocks)
        begun.wait()
    start = time.monotonic()
    """
    # Registered before the module is imported: it runs last.
    prelude = "import atexit; atexit.register(lambda: print(1 < time.monotonic() - start < 15))\n" + PRELUDE
    assert script(code, prelude=prelude, env={"SUNDOWN_EXIT_TIMEOUT": "2"}) == "True\n"


def test_blocked_ones_do_not_hold_up_the_others(start):
    # More than stop at a time, and before the others in the queue.
    code = """
    blocked = [sp.EventLoop(name=f"blocked {i}", seconds=30) for i in range(6)]
    for own in blocked:
        begun.clear()
        own.begin(blocks)
        begun.wait()
    others = [sp.EventLoop(name=f"other {i}") for i in range(30)]
    """
    env = {"SUNDOWN_EXIT_TIMEOUT": "6", "SUNDOWN_EXIT_REPORT": "1"}
    report = start(code, prelude=PRELUDE, env=env).wait().err
    own = [line for line in report.splitlines() if line.startswith("|- other ")]
    assert len(own) == 30 and all(" stopped " in line for line in own), report
    assert len([line for line in report.splitlines() if line.startswith("|- blocked ") and " abandoned " in line]) == 6, report


def test_exit_while_a_call_is_awaited_from_a_thread(script):
    code = """
    own = sp.EventLoop()
    def wait():
        try:
            own.run(sleeps)
        except BaseException as error:
            print(type(error).__name__, flush=True)
    threading.Thread(target=wait, daemon=True).start()
    begun.wait()
    """
    out = script(code, prelude=PRELUDE)
    assert "cancelled" in out


@pytest.mark.parametrize("function", ["blocks", "spins", "swallows"])
def test_exit_with_a_stuck_one(script, function):
    start = time.monotonic()
    code = f"own = sp.EventLoop(); own.begin({function}); begun.wait(); print('end')"
    assert script(code, prelude=PRELUDE, env={"SUNDOWN_EXIT_TIMEOUT": "1"}) == "end\n"
    assert time.monotonic() - start < 30


def test_exit_names_what_is_stuck(script):
    code = "own = sp.EventLoop(name='stuck one'); own.begin(blocks); begun.wait()"
    env = {"SUNDOWN_EXIT_TIMEOUT": "0.5", "SUNDOWN_EXIT_REPORT": "1"}
    script(code, prelude=PRELUDE, env=env, noise="`blocks` blocks the loop without awaiting; its thread `stuck one`")


def test_at_exit_new_ones_are_refused(script):
    code = """
    def late():
        try:
            sp.EventLoop()
        except sp.ShutdownError as error:
            print(error)
        try:
            own.run(print)
        except sp.ShutdownError as error:
            print(error)

    own = sp.EventLoop()
    """
    # Registered before the module is imported: it runs after the module's stage.
    prelude = "import atexit; atexit.register(lambda: late())\n" + PRELUDE
    out = script(code, prelude=prelude)
    assert out.count("the interpreter is exiting") == 2, out


def test_a_forked_child_has_no_part_in_it(script):
    code = """
    own = sp.EventLoop()
    own.begin(sleeps)
    begun.wait()
    warnings.simplefilter("ignore", DeprecationWarning)
    pid = os.fork()
    if pid == 0:
        try:
            own.run(print)
        except sp.ForkedProcessError as error:
            print("child:", error, flush=True)
        print(own.close()[0], flush=True)
        own.drop_attached()
        gc.collect()
        other = sp.EventLoop()
        other.run(print, "the child's own")
        print(other.close()[0], flush=True)
        sys.exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7
    own.run(print, "the parent's")
    print(own.close()[0])
    """
    out = script(code, prelude=PRELUDE, forks=True)
    assert "child: the event loop `own loop` belongs to the parent process" in out
    lines = out.splitlines()
    assert lines[1:4] == ["False", "the child's own", "True"]
    assert lines[4:] == ["the parent's", "cancelled", "True"]


def test_one_that_an_atexit_function_starts(script):
    """The import of the executor fails from `threading._shutdown` on: the loop has none then, as any loop of asyncio's."""
    out = script(
        """
        async def job():
            return await asyncio.get_running_loop().run_in_executor(None, int)
        def late():
            try:
                threading.Thread(target=int).start()
            except RuntimeError as error:
                print(error)
                return
            own = sp.EventLoop()
            own.run(print, "ran")
            try:
                print(own.run(job))
            except RuntimeError as error:
                print(type(error) is RuntimeError, error)
            own.run(print, "runs on")
        atexit.register(late)
        assert "concurrent.futures.thread" not in sys.modules
        """,
        prelude=PRELUDE.replace("import logging, warnings", "import warnings").replace("logging.getLogger", "#"),
    )
    if out == "can't create new thread at interpreter shutdown\n":
        assert sys.version_info[:2] == (3, 12)
        return
    ran, refused, runs_on = out.splitlines()
    assert (ran, runs_on) == ("ran", "runs on")
    assert refused.startswith("True can't register atexit after shutdown"), out
