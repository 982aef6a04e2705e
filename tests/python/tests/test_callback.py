"""Callables that Rust calls."""

import asyncio
import contextvars
import gc
import queue
import sys
import threading
import weakref

import pytest
import sundown_pytest as sp
from conftest import wait_until


def bottom_frame():
    frame = sys._getframe()
    while frame.f_back is not None:
        frame = frame.f_back
    return frame


def assert_python_made_this_thread():
    """No Rust frame below: CPython knows the thread, and its first Python frame is `threading`'s or the test's own."""
    assert not isinstance(threading.current_thread(), threading._DummyThread)


@pytest.mark.parametrize("call", [sp.call, sp.call_on_thread])
def test_a_plain_callable(all_loops, call):
    async def main():
        assert await call(lambda x: x + 1, 5) == 6

    all_loops.run(main())


def test_an_async_callable(all_loops):
    async def double(x):
        await asyncio.sleep(0.001)
        return 2 * x

    async def main():
        assert await sp.call(double, 4) == 8

    all_loops.run(main())


@pytest.mark.parametrize("call", [sp.call, sp.call_on_thread])
def test_never_on_a_rust_thread(all_loops, call):
    idents = set()

    def record(_):
        assert_python_made_this_thread()
        idents.add(threading.get_ident())

    async def main():
        here = threading.get_ident()
        for _ in range(50):
            await call(record, None)
        if call is sp.call:
            assert idents == {here}, "a callback made on a loop runs on that loop's thread"
        else:
            assert here not in idents, "the loop is not held up"

    all_loops.run(main())


def test_a_threads_first_frame_is_pythons(loops):
    async def main():
        frame = await sp.call_on_thread(lambda _: bottom_frame().f_code.co_name, None)
        assert frame == "_bootstrap"

    loops.run(main())


class Own(Exception):
    pass


@pytest.mark.parametrize("call", [sp.call, sp.call_on_thread])
def test_errors_come_back(all_loops, call):
    error = Own("text")

    def fails(_):
        raise error from KeyError("cause")

    async def main():
        with pytest.raises(Own) as caught:
            await call(fails, None)
        assert caught.value is error
        assert isinstance(error.__cause__, KeyError)
        assert await call(lambda x: x, 1) == 1, "the next call works"

    all_loops.run(main())


def test_errors_of_an_async_callable_come_back(loops):
    async def fails(_):
        await asyncio.sleep(0)
        raise Own("later")

    async def main():
        with pytest.raises(Own, match="later"):
            await sp.call(fails, None)

    loops.run(main())


def test_an_async_callable_needs_a_loop(loops):
    async def never_run(_):
        raise AssertionError

    async def main():
        with pytest.raises(TypeError, match="event loop"):
            await sp.call_on_thread(never_run, None)
        gc.collect()

    loops.run(main())


def test_a_result_of_the_wrong_type(loops):
    async def main():
        with pytest.raises(TypeError):
            await sp.call_many(lambda _: "text", 1, 1)

    loops.run(main())


def test_what_is_not_callable(loops):
    async def main():
        with pytest.raises(TypeError, match="callable"):
            sp.call(5, None)

    loops.run(main())


@pytest.mark.parametrize("thread", [False, True])
def test_many_calls(all_loops, thread):
    async def main():
        assert await sp.call_many(lambda x: x, 20_000, 5_000, thread) == sum(range(20_000))

    all_loops.run(main())


def test_many_async_calls(all_loops):
    async def identity(x):
        await asyncio.sleep(0)
        return x

    async def main():
        assert await sp.call_many(identity, 5_000, 5_000) == sum(range(5_000))

    all_loops.run(main())


def test_back_pressure(loops):
    """However fast Rust calls, a slow async callable has a bounded number of calls under way."""
    under_way = 0
    most = 0

    async def slow(x):
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0.02)
        under_way -= 1
        return x

    async def main():
        assert await sp.call_many(slow, 4_000, 4_000) == sum(range(4_000))

    loops.run(main())
    assert 1 < most <= 1_024


def test_calls_do_not_hold_up_the_loop(loops):
    turns = 0

    async def heartbeat():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def main():
        beat = asyncio.ensure_future(heartbeat())
        assert await sp.call_many(lambda x: x, 50_000, 50_000) == sum(range(50_000))
        beat.cancel()

    loops.run(main())
    assert turns >= 40, "there are at most 1,024 calls in a batch"


def test_a_dropped_call_cancels_its_coroutine(all_loops):
    outcome = []

    async def main():
        begun = asyncio.Event()
        ended = asyncio.Event()

        async def endless():
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                outcome.append("cancelled")
                raise
            finally:
                ended.set()

        assert await sp.call_until(endless, begun.wait()) == "dropped"
        await asyncio.wait_for(ended.wait(), 30)

    all_loops.run(main())
    assert outcome == ["cancelled"]


variable = contextvars.ContextVar("variable", default="default")


def test_it_runs_in_the_context_it_was_made_in(loops):
    async def main():
        variable.set("maker's")
        future = sp.call(lambda _: variable.get(), None)
        variable.set("later")
        assert await future == "maker's"

    loops.run(main())


def test_a_callback_may_await_rust_again(all_loops):
    async def inner(x):
        return await sp.sleep(0.001, x)

    async def main():
        assert await sp.call_many(inner, 500, 100) == sum(range(500))

    all_loops.run(main())


def test_its_thread_ends_with_it(loops):
    async def main():
        await sp.call_on_thread(lambda _: None, None)

    loops.run(main())
    gc.collect()
    for thread in threading.enumerate():
        if thread.name.startswith("sundown-callback"):
            thread.join(10)
            assert not thread.is_alive()


def test_an_interrupt_in_a_callback_reaches_the_loop(loops):
    def leave(_):
        raise SystemExit(3)

    async def main():
        await sp.call(leave, None)

    loop = loops.new()
    try:
        task = loop.create_task(main())
        with pytest.raises(SystemExit):
            loop.run_until_complete(task)
        try:
            loop.run_until_complete(asyncio.wait([task], timeout=10))
        except SystemExit:
            pass
        assert task.done()
        with pytest.raises(SystemExit):
            task.result()
    finally:
        loop.close()


def test_is_closed(all_loops):
    holder = None

    async def main():
        nonlocal holder
        holder = sp.CallbackHolder(print)
        assert not holder.is_closed()

    all_loops.run(main())
    assert wait_until(holder.is_closed), "the thread of a loop without `add_reader` may look at the bridge just then"
    assert not holder.report(ValueError("too late")), "dropped"
    assert not sp.CallbackHolder(print, thread=True).is_closed()


def test_an_error_that_nobody_returns_goes_to_the_loops_handler(all_loops):
    async def main():
        loop = asyncio.get_running_loop()
        reported = asyncio.Queue()
        loop.set_exception_handler(lambda _, context: reported.put_nowait(context))
        holder = sp.CallbackHolder(print)
        error = ValueError("nobody's")
        assert holder.report(asyncio.CancelledError()), "no failure"
        assert holder.report(error)
        context = await asyncio.wait_for(reported.get(), 20)
        assert context["exception"] is error
        assert context["callback"] is print
        assert "built-in function print" in context["message"]
        assert reported.empty()

    all_loops.run(main())


def test_an_error_that_nobody_returns_goes_to_the_threads_hook(monkeypatch):
    reported = queue.Queue()

    def hook(arguments):
        reported.put(arguments)
        raise RuntimeError("a hook that fails does not end the thread")

    monkeypatch.setattr(threading, "excepthook", hook)
    holder = sp.CallbackHolder(print, thread=True)
    for number in range(2):
        assert holder.report(ValueError(number))
        arguments = reported.get(timeout=20)
        assert arguments.exc_type is ValueError
        assert arguments.exc_value.args == (number,)
        assert arguments.thread.name.startswith("sundown-callback")


def test_the_collector_finds_a_cycle_through_a_callback(all_loops):
    class Owner:
        def notify(self):
            pass

    async def main():
        owner = Owner()
        owner.holder = sp.CallbackHolder(owner.notify)
        gone = weakref.ref(owner)
        until = asyncio.get_running_loop().create_future()
        kept = asyncio.ensure_future(owner.holder.keep_clone(until))
        del owner
        gc.collect()
        assert gone() is not None, "a clone in Rust keeps it"
        until.set_result(None)
        assert await kept
        del kept, until
        for _ in range(100):
            gc.collect()
            if gone() is None:
                break
            await asyncio.sleep(0.01)  # the task of the clone is dropped by a worker
        assert gone() is None

    all_loops.run(main())


def test_a_call_that_begins_during_a_collection():
    """The collector looks twice at what visits its callback. A call that Rust holds is there from before the first look: one
    that had come in between would have the callable finalized, which only the first look has found."""
    finalized = []

    class Callable:
        def __call__(self, argument):
            return argument + 1

        def __del__(self):
            finalized.append(1)

    callable_ = Callable()
    reference = weakref.ref(callable_)
    holder = sp.CallbackHolder(callable_, thread=True)
    del callable_
    assert holder.call_in_a_collection(1) == 2
    assert reference() is not None
    assert not finalized
    del holder
    assert wait_until(lambda: reference() is None)


@pytest.mark.parametrize("thread", [False, True])
def test_a_shutdown_that_needs_a_callback(all_loops, thread):
    said = []

    async def main():
        await sp.Polite(said.append, thread).aclose()
        assert said == ["good-bye"]
        await asyncio.get_running_loop().run_in_executor(None, sp.Polite(said.append, thread).close)
        assert said == ["good-bye"] * 2
        polite = sp.Polite(said.append, thread)
        if thread:
            polite.close()
            assert said == ["good-bye"] * 3
        else:
            # On the loop that the step needs: as `Callback` says.
            with pytest.raises(sp.ShutdownTimeout, match="farewell"):
                polite.close()

    all_loops.run(main())
