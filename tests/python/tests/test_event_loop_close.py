"""A private event loop that is closed: what is cancelled, waited for, given up and reported."""

import asyncio
import gc
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sundown_pytest as sp
from conftest import wait_until
from own_loop import NAME, Watch, double, loop_threads, make


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


def test_a_closed_one_has_no_task_of_its_own_left(make):
    """`asyncio.all_tasks` goes through the tasks of all loops: with a thousand that are closed it was the most of an exit."""

    def tasks():
        return len([thing for thing in gc.get_objects() if isinstance(thing, asyncio.Task)])

    closed, before = [], tasks()
    for _ in range(10):
        closed.append(make())
        assert closed[-1].run(double, 4) == 8
        clean, report = closed[-1].close()
        assert clean, report
    assert tasks() <= before


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
    clean, report = own.close(60)
    assert clean, report
    assert time.monotonic() - start < 30
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

    own = make()

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1, thread_name_prefix=NAME + " user's"))
        return await loop.run_in_executor(None, lambda: threading.current_thread().name)

    assert own.run(work).startswith(NAME + " user's")
    assert own.close()[0]
    assert not loop_threads()


def test_the_thread_that_joins_an_executor_of_the_users_has_ended(make):
    """However slowly it ends once it has said that the executor is down."""

    own = make()
    slow = []

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(1))
        call_soon_threadsafe, thread = loop.call_soon_threadsafe, threading.get_ident()

        def say_and_linger(*arguments, **context):
            call_soon_threadsafe(*arguments, **context)
            if threading.current_thread().name == NAME and threading.get_ident() != thread:
                slow.append(True)
                time.sleep(0.3)

        loop.call_soon_threadsafe = say_and_linger

    own.run(work)
    clean, report = own.close()
    assert clean, report
    assert slow == [True]
    assert not loop_threads()


def test_an_executor_of_the_users_that_fails_is_told(make):

    class Fails(ThreadPoolExecutor):
        def shutdown(self, wait=True, **arguments):
            super().shutdown(wait, **arguments)
            if wait:
                raise LookupError("no end")

    own = make()
    complaints = []

    async def work():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(Fails(1))
        loop.set_exception_handler(lambda _, context: complaints.append(context))

    own.run(work)
    clean, report = own.close()
    assert clean, report
    assert "an executor of the user's failed when it was shut down: LookupError" in report
    assert [type(context["exception"]) for context in complaints] == [LookupError]
    assert not loop_threads()
    complaints.clear()


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
    clean, report = own.close(2)
    release.set()
    assert not clean
    assert "EventLoop.tasks" in report
    assert "stuck_job" in report


def test_a_job_that_another_thread_submits_meanwhile_is_named(make, monkeypatch):
    """The loop must not take a job that runs, and of which it does not know yet, for no job: it would join its thread."""
    own = make()
    submitted, ending, release = threading.Event(), threading.Event(), threading.Event()
    submit, shutdown = ThreadPoolExecutor.submit, ThreadPoolExecutor.shutdown

    def submit_slowly(*arguments):
        job = submit(*arguments)
        submitted.set()
        ending.wait(0.5)
        return job

    def note_shutdown(*arguments, **options):
        ending.set()
        return shutdown(*arguments, **options)

    def stuck_job():
        release.wait(60)

    async def executor():
        return asyncio.get_running_loop()._default_executor

    monkeypatch.setattr(ThreadPoolExecutor, "submit", submit_slowly)
    monkeypatch.setattr(ThreadPoolExecutor, "shutdown", note_shutdown)
    thread = threading.Thread(target=own.run(executor).submit, args=(stuck_job,))
    thread.start()
    assert submitted.wait(10)
    clean, report = own.close(3)
    release.set()
    thread.join()
    assert not clean
    assert "threads of its executor still run `" in report and "stuck_job`" in report, report


def test_a_stuck_job_is_named_for_a_loop_that_cannot_answer(make):
    """When the budget is over the loop is given a moment to say what it waited for. Here it is blocked then, elsewhere the machine
    may be busy."""
    own = make()
    begun, release = threading.Event(), threading.Event()

    def stuck_job():
        begun.set()
        release.wait(60)

    async def work():
        loop = asyncio.get_running_loop()
        try:
            await loop.run_in_executor(None, stuck_job)
        except asyncio.CancelledError:
            loop.call_later(0.5, release.wait, 60)
            raise

    own.begin(work)
    assert begun.wait(10)
    clean, report = own.close(3)
    release.set()
    assert not clean
    assert "threads of its executor still run `" in report and "stuck_job`" in report, report


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
    # A sixth of it is kept for the thread, which ends then.
    clean, report = own.close(3)
    assert time.monotonic() - start < 20
    assert not clean
    assert "forced" in report
    assert "stubborn` did not end when it was cancelled" in report
    assert closed == [True], "its coroutine was closed, not left to a garbage collection"
    # On a busy machine the sixth may be too short.
    assert wait_until(lambda: not loop_threads()), "the loop is closed, and its thread ends"


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
    assert 0.4 < took < 20
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
        return own.close(60)

    start = time.monotonic()
    clean, report = own.run(closes)
    assert time.monotonic() - start < 20
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
