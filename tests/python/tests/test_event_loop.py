"""A private event loop: calls from Rust, and the many ways in which it ends."""

import asyncio
import contextvars
import gc
import threading
import time
import weakref

import pytest
import sundown_pytest as sp
from conftest import descriptors, new_loop, os_threads, uvloop_marks, wait_until

NAME = "own loop"


def loop_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=uvloop_marks()), "without-add-reader"])
def make(request):
    """Makes loops, and sees to it that none of them outlives the test."""
    made = []

    def make(**arguments):
        if request.param != "asyncio":
            arguments.setdefault("factory", lambda: new_loop(request.param))
        made.append(sp.EventLoop(**arguments))
        return made[-1]

    yield make
    for own in made:
        try:
            own.close()
        except ValueError:  # dropped by the test
            pass
    made.clear()
    wait_until(lambda: not loop_threads())
    assert not loop_threads()


class Watch:
    """What became of a coroutine."""

    def __init__(self):
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.error = None

    async def sleep(self, seconds=30):
        self.begun.set()
        try:
            await asyncio.sleep(seconds)
        except BaseException as error:
            self.error = type(error)
            raise
        finally:
            self.ended.set()


# Calls


async def double(x):
    await asyncio.sleep(0)
    return 2 * x


def test_a_coroutine_function_and_a_plain_one(make):
    own = make()
    assert own.run(double, 4) == 8
    assert own.run(lambda x: x + 1, 4) == 5
    assert own.run_into(lambda: 7) == 7
    assert own.run_many(double, 1000) == sum(2 * x for x in range(1000))
    clean, report = own.close()
    assert clean, report


def test_each_call_is_a_task_on_a_thread_that_python_made(make):
    own = make()

    async def look():
        thread = threading.current_thread()
        assert not isinstance(thread, threading._DummyThread)
        assert thread.daemon
        task = asyncio.current_task()
        assert task in asyncio.all_tasks()
        await asyncio.sleep(0)
        assert asyncio.current_task() is task
        return thread.name, own.is_current(), id(task)

    name, current, first = own.run(look)
    assert (name, current) == (NAME, True)
    assert not own.is_current()
    assert own.run(look)[:2] == (NAME, True)


def test_errors_come_back(make):
    own = make()
    error = ValueError("text")

    async def fails():
        await asyncio.sleep(0)
        raise error

    with pytest.raises(ValueError) as caught:
        own.run(fails)
    assert caught.value is error

    def fails_at_once():
        raise error

    with pytest.raises(ValueError) as caught:
        own.run(fails_at_once)
    with pytest.raises(TypeError):
        own.run(5)
    with pytest.raises(TypeError):
        own.run_into(lambda: "text")


@pytest.mark.parametrize("first", [SystemExit, KeyboardInterrupt])
@pytest.mark.parametrize("late", [False, True])
def test_an_exit_ends_its_task_and_not_the_loop(make, first, late):
    own = make()

    async def leaves():
        if late:
            await asyncio.sleep(0)
        raise first(3)

    with pytest.raises(first):
        own.run(leaves)
    assert own.run(double, 1) == 2
    clean, report = own.close()
    assert clean, report


def test_a_loop_that_somebody_stops_goes_on(make):
    own = make()

    async def stops():
        asyncio.get_running_loop().stop()
        await asyncio.sleep(0)
        return 5

    assert own.run(stops) == 5
    assert own.run(double, 1) == 2


VARIABLE = contextvars.ContextVar("VARIABLE", default="nobody's")


async def look_at_the_context():
    before = VARIABLE.get()
    VARIABLE.set("changed")
    await asyncio.sleep(0)
    return before


def test_a_call_runs_in_a_copy_of_the_callers_context(make, loops):
    own = make()

    async def main():
        VARIABLE.set("the caller's")
        assert await own.run_async(look_at_the_context) == "the caller's"
        assert await own.run_async(lambda: VARIABLE.get()) == "the caller's"
        assert VARIABLE.get() == "the caller's"

    contextvars.copy_context().run(loops.run, main())
    assert own.run(look_at_the_context) == "nobody's", "outside of one there is none"
    assert own.run(look_at_the_context) == "nobody's"
    context = contextvars.copy_context()
    context.run(VARIABLE.set, "given")
    with loops.open() as loop:
        assert own.run_in_context(look_at_the_context, context, loop) == "given"


def test_awaitables_of_ones_own(make):
    own = make()
    assert own.await_on_loop(double(21)) == 42

    class Awaitable:
        def __await__(self):
            return (yield from double(5).__await__())

    assert own.run(Awaitable) == 10


def test_a_dropped_call_is_cancelled(make):
    own, watch = make(), Watch()
    assert own.run_for(0.05, watch.sleep)
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    clean, report = own.close()
    assert clean, report


def test_a_cancelled_awaitable_cancels_the_call(make, loops):
    own, watch = make(), Watch()

    async def main():
        task = asyncio.ensure_future(own.run_async(watch.sleep))
        while not watch.begun.is_set():
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    loops.run(main())
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError


# The end


def test_closing_twice_is_one_shutdown(make):
    own = make()
    first = own.close()
    assert first[0], first[1]
    assert NAME in first[1]
    assert own.close() == first
    with pytest.raises(sp.ShutdownError, match="own loop.*was shut down"):
        own.run(double, 1)
    coroutine = double(1)
    with pytest.raises(sp.ShutdownError, match="own loop.*was shut down"):
        own.await_on_loop(coroutine)
    coroutine.close()


def test_tasks_are_cancelled_and_waited_for(make, loops):
    own, watch = make(), Watch()
    cleaned = []

    async def gracefully():
        try:
            await watch.sleep()
        finally:
            await asyncio.sleep(0.05)
            cleaned.append(asyncio.current_task())

    own.begin(gracefully)
    assert watch.begun.wait(10)
    start = time.monotonic()
    clean, report = own.close()
    assert clean, report
    assert time.monotonic() - start < 5
    assert watch.error is asyncio.CancelledError
    assert len(cleaned) == 1
    assert not loop_threads()


def test_what_tasks_have_started_ends_too(make):
    own, watch, inner = make(), Watch(), Watch()
    kept = []

    async def starts():
        kept.append(asyncio.ensure_future(watch.sleep()))
        await asyncio.sleep(0)
        try:
            await asyncio.sleep(30)
        finally:
            kept.append(asyncio.ensure_future(inner.sleep()))
            await asyncio.sleep(0)

    own.begin(starts)
    assert watch.begun.wait(10)
    clean, report = own.close()
    assert clean, report
    assert watch.error is inner.error is asyncio.CancelledError
    kept.clear()


def test_who_waits_is_told(make):
    own, watch = make(), Watch()
    seen = []

    def wait():
        try:
            own.run(watch.sleep)
        except asyncio.CancelledError:
            seen.append("cancelled")

    thread = threading.Thread(target=wait)
    thread.start()
    assert watch.begun.wait(10)
    assert own.close()[0]
    thread.join(10)
    assert seen == ["cancelled"]


def test_what_fails_when_it_is_cancelled_is_told(make):
    own, watch = make(), Watch()
    complaints = []

    async def fails():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        task = asyncio.ensure_future(cleans_up_badly())
        await asyncio.wait([task])

    async def cleans_up_badly():
        try:
            await watch.sleep()
        finally:
            raise LookupError("in the cleanup")

    own.begin(fails)
    assert watch.begun.wait(10)
    clean, report = own.close()
    assert clean, report
    assert "cleans_up_badly` failed when it was cancelled: LookupError" in report
    assert [type(context["exception"]) for context in complaints] == [LookupError]
    complaints.clear()


def test_asynchronous_generators_are_closed(make):
    own = make()
    closed = []

    async def numbers():
        try:
            while True:
                yield 1
        finally:
            await asyncio.sleep(0)
            closed.append(True)

    kept = numbers()

    async def begin():
        assert await kept.__anext__() == 1

    own.run(begin)
    assert own.close()[0]
    assert closed == [True]


def test_the_executors_threads_are_joined(make):
    own = make()

    async def work():
        return await asyncio.get_running_loop().run_in_executor(None, lambda: threading.current_thread().name)

    assert own.run(work).startswith(NAME)
    assert own.close()[0]
    assert not loop_threads(), "none of the executor's either"


def test_an_executor_of_the_users(make):
    from concurrent.futures import ThreadPoolExecutor

    own = make()

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1, thread_name_prefix=NAME + " user's"))
        return await loop.run_in_executor(None, lambda: threading.current_thread().name)

    assert own.run(work).startswith(NAME + " user's")
    assert own.close()[0]
    assert not loop_threads()


def test_a_stuck_job_of_the_executor_is_named(make):
    own = make()
    begun, release = threading.Event(), threading.Event()

    def stuck_job():
        begun.set()
        release.wait(60)

    async def work():
        await asyncio.get_running_loop().run_in_executor(None, stuck_job)

    own.begin(work)
    assert begun.wait(10)
    clean, report = own.close(0.5)
    release.set()
    assert not clean
    assert "EventLoop.tasks" in report
    assert "stuck_job" in report


def test_a_task_that_swallows_its_cancellation_is_forced(make):
    own = make()
    begun = threading.Event()
    closed = []

    async def stubborn():
        begun.set()
        try:
            while True:
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    pass
        finally:
            closed.append(True)

    own.begin(stubborn)
    assert begun.wait(10)
    start = time.monotonic()
    clean, report = own.close(0.6)
    assert time.monotonic() - start < 3
    assert not clean
    assert "forced" in report
    assert "stubborn` did not end when it was cancelled" in report
    assert closed == [True], "its coroutine was closed, not left to a garbage collection"
    assert not loop_threads(), "the loop is closed, and its thread has ended"


@pytest.mark.parametrize("first", [True, False])
def test_a_coroutine_that_blocks_bounds_it_by_the_deadline(make, first):
    own = make()
    begun, release = threading.Event(), threading.Event()

    async def blocks():
        if not first:
            await asyncio.sleep(0)
        begun.set()
        release.wait(60)  # without awaiting, as `time.sleep(60)` would
        begun.clear()

    own.begin(blocks)
    assert begun.wait(10)
    start = time.monotonic()
    clean, report = own.close(0.5)
    took = time.monotonic() - start
    assert not clean
    assert 0.4 < took < 3
    assert "blocks` blocks the loop without awaiting" in report
    assert f"thread `{NAME}` cannot be stopped" in report
    assert len(loop_threads()) == 1
    # When it returns after all, the loop ends as it would have.
    release.set()
    wait_until(lambda: not loop_threads())
    assert not loop_threads()


def test_shutdown_errors(make):
    own = make()
    begun, release = threading.Event(), threading.Event()

    async def blocks():
        begun.set()
        release.wait(60)

    own.begin(blocks)
    assert begun.wait(10)
    with pytest.raises(sp.ShutdownTimeout, match="own loop") as caught:
        own.close_or_raise(0.2)
    assert "blocks" in caught.value.report
    release.set()


def test_an_unstarted_call_is_refused(make):
    own = make()
    begun, release = threading.Event(), threading.Event()
    outcomes = []

    async def blocks():
        begun.set()
        release.wait(60)

    async def never_run():
        outcomes.append("ran")

    def late():
        try:
            own.run(never_run)
        except BaseException as error:
            outcomes.append(type(error))

    own.begin(blocks)
    assert begun.wait(10)
    threads = [threading.Thread(target=late) for _ in range(5)]
    for thread in threads:
        thread.start()
    own.close(0.2)
    release.set()
    for thread in threads:
        thread.join(10)
    assert outcomes == [sp.ShutdownError] * 5
    gc.collect()


def test_closing_from_its_own_thread_is_reported_and_not_waited_for(make):
    own = make()

    async def closes():
        return own.close(5)

    start = time.monotonic()
    clean, report = own.run(closes)
    assert time.monotonic() - start < 3
    assert not clean
    assert "runs on this loop itself" in report
    wait_until(lambda: not loop_threads())
    assert not loop_threads()


def test_closing_from_another_loop(make, loops):
    own, watch = make(), Watch()

    async def main():
        own.begin(watch.sleep)
        await asyncio.get_running_loop().run_in_executor(None, watch.begun.wait)
        reports = await asyncio.gather(own.aclose(), own.aclose(), own.aclose())
        assert reports[0][0], reports
        assert reports[0] == reports[1] == reports[2]

    loops.run(main())
    assert watch.error is asyncio.CancelledError


def test_two_threads_close_at_once(make):
    own, watch = make(), Watch()
    own.begin(watch.sleep)
    assert watch.begun.wait(10)
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(own.close())) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(reports) == 4
    assert all(report == reports[0] for report in reports)
    assert reports[0][0]


# Drops


@pytest.mark.parametrize("drop", ["drop_attached", "drop_detached", "drop_on_a_worker"])
def test_the_last_handle_is_dropped(make, drop):
    own, watch = make(), Watch()

    async def leaves_a_task():
        kept.append(asyncio.ensure_future(watch.sleep()))

    kept = []
    own.run(leaves_a_task)
    assert watch.begun.wait(10)
    start = time.monotonic()
    getattr(own, drop)()
    assert time.monotonic() - start < 1
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    wait_until(lambda: not loop_threads())
    assert not loop_threads()
    kept.clear()


def test_the_last_handle_is_dropped_on_the_loops_own_thread(make):
    own, watch = make(), Watch()
    kept = []

    async def drops():
        kept.append(asyncio.ensure_future(watch.sleep()))
        await asyncio.sleep(0)
        own.drop_attached()

    own.begin(drops)
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    wait_until(lambda: not loop_threads())
    assert not loop_threads()
    kept.clear()


def test_the_last_handle_is_dropped_in_a_garbage_collection(make):
    """On another thread, in a `__del__`, while a call of the loop's own is under way."""
    watch = Watch()

    class Cycle:
        def __init__(self):
            self.own = make()
            self.cycle = self

        def __del__(self):
            self.own.drop_attached()

    async def leaves_a_task():
        kept.append(asyncio.ensure_future(watch.sleep()))

    kept = []
    cycle = Cycle()
    cycle.own.run(leaves_a_task)
    assert watch.begun.wait(10)
    del cycle
    collector = threading.Thread(target=gc.collect)
    collector.start()
    collector.join(10)
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    kept.clear()


def test_two_threads_let_go_at_once(make):
    for _ in range(20):
        own, watch = make(), Watch()
        barrier = threading.Barrier(3)
        kept, reports = [], []

        async def leaves_a_task(kept=kept, watch=watch):
            kept.append(asyncio.ensure_future(watch.sleep()))

        def at_once(let_go, barrier=barrier, reports=reports):
            barrier.wait()
            try:
                reports.append(let_go())
            except ValueError:  # another was faster
                pass

        own.run(leaves_a_task)
        assert watch.begun.wait(10)
        ways = (own.close, own.drop_detached, own.drop_attached)
        threads = [threading.Thread(target=at_once, args=(way,)) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        assert watch.ended.wait(10)
        assert watch.error is asyncio.CancelledError
        wait_until(lambda: not loop_threads())
        assert not loop_threads()
        assert all(report is None or report[0] for report in reports), reports
        kept.clear()


def test_the_loop_is_freed(make):
    own = make()

    async def look():
        return weakref.ref(asyncio.get_running_loop())

    reference = own.run(look)
    assert own.close()[0]
    own.drop_attached()
    gc.collect()
    assert reference() is None


def test_what_is_awaited_while_a_task_is_cleaned_up(make):
    """The bridge works until the last task has ended: a cleanup may wait for Rust."""
    own, watch = make(), Watch()
    seen = []

    async def cleans_up():
        try:
            await watch.sleep()
        finally:
            seen.append(await sp.sleep(0.01, "from Rust"))
            seen.append(await asyncio.get_running_loop().run_in_executor(None, lambda: "from a thread"))

    own.begin(cleans_up)
    assert watch.begun.wait(10)
    clean, report = own.close()
    assert clean, report
    assert seen == ["from Rust", "from a thread"]


def test_a_mixed_load_from_many_threads(make):
    """Calls, failures, time-outs and drops at the same time, then an end in the middle of it."""
    errors = []

    async def slow():
        await asyncio.sleep(30)

    async def fails():
        await asyncio.sleep(0)
        raise LookupError

    def work(number):
        try:
            own = make(name=f"{NAME} {number}")
            for turn in range(40):
                kind = (number + turn) % 4
                if kind == 0:
                    assert own.run(double, turn) == 2 * turn
                elif kind == 1:
                    with pytest.raises(LookupError):
                        own.run(fails)
                elif kind == 2:
                    assert own.run_for(0.001, slow)
                else:
                    own.begin(slow)
            clean, report = own.close()
            assert clean, report
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert not errors


def test_nothing_is_left_of_many(make):
    def once():
        own, watch = make(), Watch()
        own.begin(watch.sleep)
        assert own.run(double, 2) == 4
        assert watch.begun.wait(10)
        clean, report = own.close()
        assert clean, report
        own.drop_attached()

    for _ in range(5):
        once()
    gc.collect()
    threads, files, python = os_threads(), descriptors(), threading.active_count()
    for _ in range(200):
        once()
        assert not loop_threads()
    gc.collect()
    # A loop without `add_reader` has a thread of the bridge's, which nobody waits for.
    wait_until(lambda: len(os_threads()) <= len(threads) and len(descriptors()) <= len(files))
    assert threading.active_count() <= python
    assert len(os_threads()) <= len(threads), os_threads()
    assert len(descriptors()) == len(files), (files, descriptors())


def test_no_loop_for_a_factory_that_fails(make):
    def fails():
        raise LookupError("no loop")

    with pytest.raises(LookupError):
        make(factory=fails)


# Exit and fork

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
    prelude = "import atexit; atexit.register(lambda: print(round(time.monotonic() - start)))\n" + PRELUDE
    assert script(code, prelude=prelude, env={"SUNDOWN_EXIT_TIMEOUT": "1"}) == "1\n"


def test_blocked_ones_do_not_hold_up_the_others(start):
    # More than are told to stop at a time, and before the others in the line.
    code = """
    blocked = [sp.EventLoop(name=f"blocked {i}", seconds=30) for i in range(6)]
    for own in blocked:
        begun.clear()
        own.begin(blocks)
        begun.wait()
    others = [sp.EventLoop(name=f"other {i}") for i in range(30)]
    """
    env = {"SUNDOWN_EXIT_TIMEOUT": "2", "SUNDOWN_EXIT_REPORT": "1"}
    report = start(code, prelude=PRELUDE, env=env).wait().err
    own = [line for line in report.splitlines() if "- other " in line]
    assert len(own) == 30 and all(" stopped " in line for line in own), report
    assert len([line for line in report.splitlines() if "- blocked " in line and " abandoned " in line]) == 6, report


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
