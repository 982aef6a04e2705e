"""A private event loop: calls from Rust, what they find there, many at a time. Its end is in `test_event_loop_close.py` and its like."""

import asyncio
import contextvars
import gc
import threading

import pytest
import sundown_pytest as sp
from conftest import descriptors, os_threads, wait_until
from own_loop import NAME, Watch, double, loop_threads, make


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


def test_an_extraction_that_panics_is_no_cancellation(make):
    own = make()

    async def coroutine():
        await asyncio.sleep(0)

    for function in (lambda: None, coroutine):
        with pytest.raises(sp.RuntimePanic, match="not extracted"):
            own.run_unextractable(function)
    assert own.run(double, 4) == 8


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
    while not watch.begun.is_set():
        # One that is dropped before it begins is not made.
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
    # A loop without `add_reader` has a thread of the bridge's, which nobody waits for; what the tests before have left may have
    # been there when it was counted.
    wait_until(
        lambda: len(os_threads()) <= len(threads)
        and len(descriptors()) <= len(files)
        and threading.active_count() <= python
    )
    assert threading.active_count() <= python
    assert len(os_threads()) <= len(threads), os_threads()
    assert len(descriptors()) <= len(files), (files, descriptors())


def test_no_loop_for_a_factory_that_fails(make):
    def fails():
        raise LookupError("no loop")

    with pytest.raises(LookupError):
        make(factory=fails)


@pytest.mark.parametrize("runs", [True, False], ids=["runs", "not-yet"])
def test_no_loop_after_ctrl_c_while_its_thread_begins(make, monkeypatch, runs):
    """Whether the thread runs already or not, and so may run at any moment."""
    begin = threading.Thread.start
    late = []

    def start(thread):
        if not thread.name.startswith(NAME):
            return begin(thread)
        begin(thread) if runs else late.append(thread)
        raise KeyboardInterrupt

    make().close()
    gc.collect()
    files = descriptors()
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            make()
    for thread in late:
        begin(thread)
        thread.join()

    def is_gone():
        gc.collect()
        return not loop_threads() and len(descriptors()) <= len(files)

    assert wait_until(is_gone), (loop_threads(), files, descriptors())


def test_only_the_thread_closes_a_loop_whose_thread_has_begun(make, monkeypatch):
    """Ctrl-C in `start` while the thread is about to run the loop: a `close` on two threads at once breaks in the middle."""
    begin = threading.Thread.start
    begun, given_up = threading.Event(), threading.Event()
    closed_by = []

    class Slow(asyncio.SelectorEventLoop):
        def run_forever(self):
            begun.set()
            assert given_up.wait(30)
            super().run_forever()

        def close(self):
            closed_by.append(threading.current_thread().name)
            super().close()

    def start(thread):
        begin(thread)
        if thread.name.startswith(NAME):
            assert begun.wait(30)
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", start)
        with pytest.raises(KeyboardInterrupt):
            make(factory=Slow)
    given_up.set()
    assert wait_until(lambda: not loop_threads())
    assert closed_by == [NAME]


def test_a_thread_that_ends_before_it_comes_to_the_loop(script):
    """At any line until then: a tracing function raises. No call waits for a thread that is not there."""
    out = script(
        """
        import logging
        logging.disable()
        threading.excepthook = lambda _: None

        def raise_at(place):
            left = place
            def trace(frame, event, _):
                nonlocal left
                left -= 1
                if left == 0:
                    raise LookupError
                return trace
            return trace

        for place in range(1, 30):
            threading.settrace(raise_at(place))
            own = sp.EventLoop("traced", 60)
            threading.settrace(None)
            try:
                works = own.run(lambda: 1) == 1
            except BaseException as error:
                works = False
            before = time.monotonic()
            clean, report = own.close()
            print(place, works, report if time.monotonic() - before > 30 else "in time")
        """,
        limit=120,
    )
    lines = out.splitlines()
    assert [line for line in lines if not line.endswith("in time")] == []
    assert lines[0] == "1 False in time" and len(lines) == 29, lines
