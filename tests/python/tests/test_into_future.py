"""Python awaitables that Rust awaits."""

import asyncio
import gc
import inspect
import sys
import threading
import traceback

import pytest
import sundown_pytest as sp
from conftest import until, uvloop_marks


async def value_after(seconds, value):
    await asyncio.sleep(seconds)
    return value


async def at_once(value):
    return value


def test_coroutines(all_loops):
    async def main():
        assert await sp.relay(at_once(1)) == 1
        assert await sp.relay(value_after(0.01, "later")) == "later"

    all_loops.run(main())


def test_other_awaitables(all_loops):
    class Awaitable:
        def __await__(self):
            yield from asyncio.sleep(0).__await__()
            return "awaited"

    async def main():
        loop = asyncio.get_running_loop()
        assert await sp.relay(Awaitable()) == "awaited"
        assert await sp.relay(loop.create_task(at_once(2))) == 2
        future = loop.create_future()
        loop.call_soon(future.set_result, 3)
        assert await sp.relay(future) == 3
        assert await sp.relay(sp.ready(4)) == 4
        assert await sp.relay(asyncio.gather(at_once(5), at_once(6))) == [5, 6]

    all_loops.run(main())


def test_what_is_not_awaitable(loops):
    async def main():
        with pytest.raises(TypeError):
            await sp.relay(5)
        assert await sp.ready(1) == 1

    loops.run(main())


def test_many_at_once(all_loops):
    async def main():
        relayed = await asyncio.gather(*(sp.relay(at_once(i)) for i in range(5_000)))
        assert relayed == list(range(5_000))
        relayed = await asyncio.gather(*(sp.relay(value_after(0.001, i)) for i in range(2_000)))
        assert relayed == list(range(2_000))

    all_loops.run(main())


def test_there_and_back_many_times(all_loops):
    """Rust awaits Python awaits Rust, a hundred levels deep."""

    async def level(depth):
        if depth == 0:
            return await sp.sleep(0.001, "bottom")
        return await sp.relay(level(depth - 1))

    async def main():
        assert await level(100) == "bottom"

    all_loops.run(main())


def test_it_runs_on_the_loops_thread(all_loops):
    async def where():
        return threading.get_ident(), asyncio.get_running_loop()

    async def main():
        here = await where()
        assert await sp.relay(where()) == here

    all_loops.run(main())


def test_a_function_that_is_called_on_a_worker(all_loops):
    """The task locals find the loop: `into_future` inside the Rust future, as users of p-a-r do it."""

    async def where():
        await asyncio.sleep(0)
        return asyncio.get_running_loop()

    async def main():
        assert await sp.call_and_await(where) is asyncio.get_running_loop()

    all_loops.run(main())


def test_with_locals(all_loops):
    async def main():
        assert await sp.relay_with_locals(at_once(7), sp.Locals.running()) == 7
        assert await sp.relay_with_locals(value_after(0.01, 8), sp.Locals.running().copy_context()) == 8

    all_loops.run(main())


class Own(Exception):
    pass


def test_exceptions(all_loops):
    error = Own("text")

    async def fails():
        await asyncio.sleep(0)
        raise error from KeyError("cause")

    async def main():
        with pytest.raises(Own) as caught:
            await sp.relay(fails())
        assert caught.value is error
        assert isinstance(error.__cause__, KeyError)
        text = "".join(traceback.format_exception(type(error), error, error.__traceback__))
        assert "in fails" in text

    all_loops.run(main())


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_interrupts_are_not_swallowed(all_loops, kind):
    """As in asyncio itself: it leaves `run_until_complete`, and the one who awaits sees it too."""

    async def interrupted():
        raise kind("now")

    async def main():
        await sp.relay(interrupted())
        return "swallowed"

    loop = all_loops.new()
    try:
        task = loop.create_task(main())
        with pytest.raises(kind):
            loop.run_until_complete(task)
        # Those who awaited raise it in their turn, if it reached them.
        for _ in range(3):
            try:
                loop.run_until_complete(asyncio.wait([task], timeout=5))
            except kind:
                continue
        assert task.done()
        with pytest.raises(kind):
            task.result()
        assert loop.run_until_complete(at_once(1)) == 1, "the loop works afterwards"
    finally:
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    gc.collect()


@pytest.mark.parametrize("kind", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_from_a_rust_future(loops, kind):
    async def main():
        await sp.fail(kind("now"))

    loop = loops.new()
    try:
        with pytest.raises(kind):
            loop.run_until_complete(main())
        assert loop.run_until_complete(at_once(1)) == 1
    finally:
        loop.close()
    gc.collect()


def test_an_interrupt_in_a_callback_loses_no_result_of_its_batch(loops):
    """The exception leaves the loop in the middle of a batch; the rest of the batch is settled when the loop goes on."""
    loop = loops.new()
    probe = sp.Probe()
    try:

        async def begin():
            return [sp.sleep(0.005, i, probe) for i in range(200)]

        futures = loop.run_until_complete(begin())
        assert probe.wait_dropped(200)

        def interrupt(_):
            raise SystemExit(3)

        futures[100].add_done_callback(interrupt)
        with pytest.raises(SystemExit):
            loop.run_until_complete(asyncio.sleep(60))

        async def collect():
            return await asyncio.gather(*futures)

        assert loop.run_until_complete(collect()) == list(range(200))
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    finally:
        loop.close()


def test_an_interrupt_when_a_task_ends_loses_no_answer(loops):
    """Ctrl-C meets the first Python code of ours after the end of a task: the loop that goes on has the answer."""
    interrupted, ended = [], threading.Event()

    def trace(frame, event, _):
        if event == "call" and frame.f_code.co_filename == "<sundown/glue.py>" and ended.is_set() and not interrupted:
            interrupted.append(frame.f_code.co_name)
            raise KeyboardInterrupt
        return None

    async def ends():
        await asyncio.sleep(0.01)
        ended.set()
        return "answer"

    with loops.open() as loop:

        async def begin():
            return sp.relay(ends())

        relayed = loop.run_until_complete(begin())
        sys.settrace(trace)
        try:
            loop.run_until_complete(asyncio.wait({relayed}, timeout=30))
        except KeyboardInterrupt:
            pass
        finally:
            sys.settrace(None)

        async def rest():
            return await asyncio.wait_for(relayed, 30)

        assert loop.run_until_complete(rest()) == "answer"
    assert interrupted


def test_without_a_loop_it_is_an_error():
    coroutine = at_once(1)
    with pytest.raises(RuntimeError):
        sp.drop_unpolled(coroutine)
    coroutine.close()


def test_the_loop_closes_under_a_relay(all_loops):
    probe = sp.Probe()

    async def main():
        task = asyncio.ensure_future(begin())
        await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        assert not task.done()

    async def begin():
        await sp.relay(asyncio.sleep(60), probe)

    all_loops.run(main())
    assert probe.wait_dropped()


def test_a_coroutine_that_never_began_is_closed_with_its_loop(loops, recwarn):
    loop = loops.new()
    coroutine = at_once(1)

    def ask_and_stop():
        sp.relay(coroutine)
        loop.stop()

    loop.call_soon(ask_and_stop)
    loop.run_forever()
    loop.close()
    del loop
    gc.collect()
    with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
        coroutine.send(None)
    del coroutine, ask_and_stop
    gc.collect()
    assert [str(warning.message) for warning in recwarn if "never awaited" in str(warning.message)] == []


def test_a_coroutine_of_a_future_that_was_cancelled_meanwhile_is_closed(all_loops, recwarn):
    """A worker is in Python, in the function that makes the coroutine, while the Python future is cancelled."""
    called, cancelled = threading.Event(), threading.Event()
    made = []

    def function():
        called.set()
        assert cancelled.wait(30)
        made.append(at_once(1))
        return made[0]

    async def main():
        future = sp.call_and_await(function)
        await asyncio.get_running_loop().run_in_executor(None, called.wait, 30)
        future.cancel()
        cancelled.set()
        await until(lambda: made and inspect.getcoroutinestate(made[0]) == inspect.CORO_CLOSED)
        assert inspect.getcoroutinestate(made[0]) == inspect.CORO_CLOSED

    all_loops.run(main())
    made.clear()
    gc.collect()
    assert [str(warning.message) for warning in recwarn if "never awaited" in str(warning.message)] == []


def test_a_coroutine_for_a_closed_loop_is_closed(loops):
    loop = loops.new()
    locals = sp.Locals(loop)
    loop.close()
    coroutine = at_once(1)
    with pytest.raises(RuntimeError, match="closed"):
        sp.relay_with_locals(coroutine, locals)
    assert inspect.getcoroutinestate(coroutine) == inspect.CORO_CLOSED


def test_a_coroutine_without_a_loop_may_be_used_again():
    coroutine = at_once(1)
    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.drop_unpolled(coroutine)
    assert asyncio.run(coroutine) == 1


def test_a_future_of_another_loop(all_loops):
    """As with `await`; it would never be answered."""
    other = asyncio.SelectorEventLoop()

    async def main():
        with pytest.raises(RuntimeError, match="attached to a different loop"):
            await asyncio.wait_for(sp.relay(other.create_future()), 30)

    all_loops.run(main())
    other.close()


@pytest.mark.parametrize("kind", ["asyncio", pytest.param("uvloop", marks=uvloop_marks())])
def test_what_begins_while_asyncio_run_cancels_is_cancelled_too(script, kind):
    """Rust goes on calling while the tasks are cancelled. The script fails if anything is printed on stderr, such as "Task was
    destroyed but it is pending"."""
    out = script(
        f"""
        import asyncio, gc, {kind}
        counts = dict.fromkeys(["begun", "finished", "cancelled", "cleaned up", "closed"], 0)
        seconds = 0.003
        async def callback(number):
            counts["begun"] += 1
            try:
                await asyncio.sleep(seconds)
                counts["finished"] += 1
            except asyncio.CancelledError:
                counts["cancelled"] += 1
                await asyncio.sleep(0)
                counts["cleaned up"] += 1
                raise
            except GeneratorExit:
                counts["closed"] += 1
                raise
            return 1
        async def ends_slowly(begun):
            try:
                begun.set()
                await asyncio.sleep(60)
            finally:
                global seconds
                await more(20)
                # The next one goes on until it is cancelled.
                seconds = 60
                await more(1)
        async def more(number):
            enough = counts["begun"] + number
            while counts["begun"] < enough:
                await asyncio.sleep(0.001)
        keep = []
        async def main():
            keep.append(sp.call_many(callback, 10**9, 4))
            begun = asyncio.Event()
            keep.append(asyncio.ensure_future(ends_slowly(begun)))
            await begun.wait()
        loop = {kind}.new_event_loop()
        loop.set_debug(True)
        loop.slow_callback_duration = 60  # it would complain of a slow machine
        try:
            loop.run_until_complete(main())
        finally:
            asyncio.runners._cancel_all_tasks(loop)
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
            loop.close()
        del loop
        keep.clear()
        gc.collect()
        assert counts["cancelled"] == counts["cleaned up"] > 0, counts
        assert counts["begun"] == counts["finished"] + counts["cancelled"] + counts["closed"], counts
        print("ended")
        """
    )
    assert out == "ended\n"


def test_a_loop_that_goes_on_when_its_generators_were_shut_down(all_loops):
    """A coroutine that awaits `shutdown_asyncgens()` is no end of the loop: what Rust awaits goes on."""

    async def main():
        until = asyncio.get_running_loop().create_future()
        relayed = sp.relay(until)
        shielded = sp.relay(value_after(0.01, "later"))
        await sp.ready(None)
        await asyncio.get_running_loop().shutdown_asyncgens()
        until.set_result("went on")
        assert (await relayed, await shielded) == ("went on", "later")
        assert await sp.relay(at_once(1)) == 1

    all_loops.run(main())


def test_a_loop_that_is_run_again_when_its_generators_were_shut_down(all_loops):
    """It cannot be told from one that is about to be closed: what Rust awaits ends, as the generators do, and the error says
    why. What begins afterwards is not concerned, as a generator that begins then."""

    async def begin():
        pending = asyncio.ensure_future(sp.relay(endless()))
        await until(lambda: begun)  # what begins later is not concerned
        return pending

    async def endless():
        begun.append(True)
        await asyncio.get_running_loop().create_future()

    async def go_on(pending):
        with pytest.raises(asyncio.CancelledError) as ended:
            await pending
        if sys.version_info >= (3, 11):  # before, a task loses the message (bpo-45390)
            assert ended.value.args == ("`loop.shutdown_asyncgens()` has ended what Rust awaited on this loop",)
        return await sp.relay(value_after(0.01, "later"))

    begun = []
    loop = all_loops.new()
    try:
        pending = loop.run_until_complete(begin())
        assert begun and not pending.done()
        loop.run_until_complete(loop.shutdown_asyncgens())
        assert loop.run_until_complete(asyncio.wait_for(go_on(pending), 30)) == "later"
    finally:
        loop.close()


def test_a_generator_may_use_rust_while_it_is_closed(all_loops):
    """What other generators begin in their clean-up is not cancelled: the bridge works until the loop is closed."""
    seen = []

    async def value():
        await asyncio.sleep(0.01)
        return "value"

    async def generator():
        try:
            yield
        finally:
            seen.append(await sp.relay(value()))

    async def main():
        await sp.ready(None)
        items = generator()
        await items.__anext__()
        return items

    loop = all_loops.new()
    try:
        items = loop.run_until_complete(main())
        loop.run_until_complete(loop.shutdown_asyncgens())
        assert seen == ["value"]
        assert loop.run_until_complete(main_after()) == "value"
        del items
    finally:
        loop.close()


async def main_after():
    async def value():
        await asyncio.sleep(0)
        return "value"

    return await sp.relay(value())
