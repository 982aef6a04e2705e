"""Cancellation, both ways."""

import asyncio
import gc

import pytest
import sundown_pytest as sp
from conftest import until


def test_before_the_start(all_loops):
    """Cancelled in the same breath: the Rust future may have begun or not, and is dropped promptly in either case."""
    probe = sp.Probe()

    async def main():
        futures = [sp.never(probe) for _ in range(100)]
        for future in futures:
            assert future.cancel()
            assert future.cancelled()
        for future in futures:
            with pytest.raises(asyncio.CancelledError):
                await future
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped, 100)

    all_loops.run(main())
    assert probe.completed == 0


def test_during(all_loops):
    probe = sp.Probe()

    async def main():
        loop = asyncio.get_running_loop()
        task = loop.create_task(wait(probe))
        assert await loop.run_in_executor(None, probe.wait_started)
        assert probe.dropped == 0
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await loop.run_in_executor(None, probe.wait_dropped)

    all_loops.run(main())
    assert probe.completed == 0


async def wait(probe):
    await sp.never(probe)


def test_during_a_gather(loops):
    probe = sp.Probe()

    async def main():
        loop = asyncio.get_running_loop()
        gathered = asyncio.gather(*(sp.never(probe) for _ in range(500)))
        assert await loop.run_in_executor(None, probe.wait_started, 500)
        gathered.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gathered
        assert await loop.run_in_executor(None, probe.wait_dropped, 500)

    loops.run(main())


def test_after_completion_but_before_the_loop_knows(all_loops):
    """The result is in the queue when the future is cancelled: dropped quietly, and nothing else is."""
    probe = sp.Probe()

    async def main():
        cancelled = [sp.sleep(0.005, "lost", probe) for _ in range(50)]
        kept = [sp.sleep(0.005, "kept", probe) for _ in range(50)]
        # Blocks the loop, so that it cannot take the results.
        assert probe.wait_dropped(100)
        for future in cancelled:
            assert future.cancel()
        assert await asyncio.gather(*kept) == ["kept"] * 50
        for future in cancelled:
            assert future.cancelled()

    all_loops.run(main())
    assert probe.completed == 100


def test_after_the_result(loops):
    async def main():
        future = sp.ready(1)
        await future
        assert not future.cancel()
        assert future.result() == 1

    loops.run(main())


def test_twice(loops):
    probe = sp.Probe()

    async def main():
        future = sp.never(probe)
        assert future.cancel()
        assert not future.cancel()

    loops.run(main())
    assert probe.wait_dropped()


def test_with_a_message(loops):
    async def main():
        future = sp.sleep(10)
        future.cancel("because")
        with pytest.raises(asyncio.CancelledError) as caught:
            await future
        assert caught.value.args == ("because",)

    # 3.11 deprecated the message for tasks, and took that back.
    loops.run(main())


@pytest.mark.parametrize("order", ["drain", "close"])
def test_at_the_close_of_the_loop(all_loops, order):
    """`close` without having run the cancellations: then only the Rust futures learn of it."""
    probe = sp.Probe()

    async def main():
        futures = [sp.never(probe) for _ in range(20)]
        await sp.ready(None)
        return futures

    loop = all_loops.new()
    futures = loop.run_until_complete(main())
    if order == "drain":
        for future in futures:
            future.cancel()
        loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    del futures
    gc.collect()
    assert probe.wait_dropped(20)
    assert probe.completed == 0


def test_asyncio_run_cancels_what_is_left(loops):
    probe = sp.Probe()

    async def main():
        asyncio.ensure_future(wait(probe))
        await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)

    loops.run(main())
    assert probe.wait_dropped()


def test_a_future_that_was_replaced_while_cancelled_is_not_confused(all_loops):
    """Slots are used again: the late result of a cancelled future must not settle its successor."""

    async def main():
        for i in range(3_000):
            loser = sp.ready("loser")
            loser.cancel()
            assert await sp.ready(i) == i

    all_loops.run(main())


def test_a_dropped_relay_cancels_the_python_task(all_loops):
    outcome = []

    async def main():
        loop = asyncio.get_running_loop()
        begun = asyncio.Event()
        ended = asyncio.Event()

        async def endless():
            begun.set()
            try:
                await loop.create_future()
            except asyncio.CancelledError:
                outcome.append("cancelled")
                raise
            finally:
                ended.set()

        assert await asyncio.wait_for(sp.relay_until(endless(), begun.wait()), 30) == "dropped"
        await asyncio.wait_for(ended.wait(), 30)

    all_loops.run(main())
    assert outcome == ["cancelled"]


def test_a_relay_that_was_never_polled(all_loops):
    """Dropped before anything happened: the coroutine is neither run to its end nor forgotten with a warning."""
    steps = []

    async def main():
        async def work():
            steps.append("begun")
            await asyncio.sleep(10)
            steps.append("finished")

        sp.drop_unpolled(work())
        # What comes later in the same queue has been done.
        assert await sp.call(lambda x: x, 1) == 1
        for _ in range(10):
            await asyncio.sleep(0)

    all_loops.run(main())
    gc.collect()
    assert "finished" not in steps


def test_both_ways_at_once(all_loops):
    """Python cancels a Rust future that awaits Python: the cancellation goes all the way down."""
    probe = sp.Probe()
    outcome = []

    async def main():
        begun = asyncio.Event()
        ended = asyncio.Event()

        async def inner():
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                outcome.append("cancelled")
                raise
            finally:
                ended.set()

        future = sp.relay(inner(), probe)
        await asyncio.wait_for(begun.wait(), 30)
        future.cancel()
        await asyncio.wait_for(ended.wait(), 30)

    all_loops.run(main())
    assert outcome == ["cancelled"]
    assert probe.wait_dropped()
    assert probe.completed == 0


def test_a_python_task_that_refuses_to_be_cancelled(loops):
    async def main():
        begun = asyncio.Event()
        ended = asyncio.Event()

        async def stubborn():
            begun.set()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                ended.set()
                return "never mind"

        assert await asyncio.wait_for(sp.relay_until(stubborn(), begun.wait()), 30) == "dropped"
        await asyncio.wait_for(ended.wait(), 30)
        assert await sp.ready(1) == 1

    loops.run(main())


def test_a_python_task_that_is_cancelled_by_itself(loops):
    async def main():
        async def gives_up():
            raise asyncio.CancelledError

        future = sp.relay(gives_up())
        with pytest.raises(asyncio.CancelledError):
            await future
        assert future.cancelled()

    loops.run(main())


class Inner:
    """A coroutine that Rust awaits, and what became of it."""

    def __init__(self):
        self.began, self.release, self.ended = asyncio.Event(), asyncio.Event(), asyncio.Event()
        self.outcome = None

    async def run(self, *_):
        self.began.set()
        try:
            await self.release.wait()
            self.outcome = "completed"
            return "completed"
        except asyncio.CancelledError:
            self.outcome = "cancelled"
            # A second cancellation would end this clean-up.
            for _ in range(20):
                await asyncio.sleep(0)
            self.outcome = "cancelled and cleaned up"
            raise
        finally:
            self.ended.set()


@pytest.mark.parametrize("relay", [sp.relay, lambda coroutine: sp.call(lambda _: coroutine, 1)])
def test_what_rust_awaits_is_cancelled_in_the_same_step(all_loops, relay):
    """An inner one that those release who see the cancellation of the future does not complete."""

    async def once():
        inner = Inner()
        future = relay(inner.run())
        await inner.began.wait()
        assert future.cancel()
        assert future.cancelled()
        with pytest.raises(asyncio.CancelledError):
            await future  # It is done: this does not yield to the loop.
        inner.release.set()
        await inner.ended.wait()
        return inner.outcome

    async def main():
        assert [await once() for _ in range(100)] == ["cancelled and cleaned up"] * 100

    all_loops.run(main())


def test_a_task_around_it_is_cancelled_in_the_same_step(all_loops):
    async def main():
        inner = Inner()

        async def outer():
            await sp.relay(inner.run())

        task = asyncio.ensure_future(outer())
        await inner.began.wait()
        task.cancel("because")
        with pytest.raises(asyncio.CancelledError):
            await task
        assert inner.outcome == "cancelled"
        await inner.ended.wait()

    all_loops.run(main())


def test_all_that_rust_awaits_is_cancelled(all_loops):
    async def main():
        inners = [Inner() for _ in range(20)]
        future = sp.relay_all([inner.run() for inner in inners])
        for inner in inners:
            await inner.began.wait()
        inners[3].release.set()
        await inners[3].ended.wait()
        future.cancel()
        await asyncio.sleep(0)
        assert [inner.outcome for inner in inners] == ["cancelled"] * 3 + ["completed"] + ["cancelled"] * 16
        for inner in inners:
            await inner.ended.wait()

    all_loops.run(main())


def test_a_long_chain_through_rust_is_cancelled(all_loops):
    """The deepest is reached, also where the stack of Python does not."""

    async def main(depth):
        inner = Inner()

        async def level(depth):
            return await sp.relay(inner.run() if depth == 0 else level(depth - 1))

        task = asyncio.ensure_future(level(depth))
        await inner.began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await inner.ended.wait()
        return inner.outcome

    for depth in (50, 2_000):
        assert all_loops.run(main(depth)) == "cancelled and cleaned up"


def test_what_another_task_of_rusts_awaits_is_not_cancelled(all_loops):
    async def main():
        inner = Inner()
        future = sp.relay_spawned(inner.run())
        await inner.began.wait()
        future.cancel()
        for _ in range(5):
            await sp.ready(None)
        inner.release.set()
        await inner.ended.wait()
        assert inner.outcome == "completed"

    all_loops.run(main())


def test_a_shielded_coroutine_runs_on(all_loops):
    probe = sp.Probe()

    async def main():
        inner = Inner()
        future = sp.relay_shielded(inner.run(), probe)
        await inner.began.wait()
        future.cancel()
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped)
        gc.collect()  # Nobody but the bridge has the task.
        await sp.ready(None)
        assert inner.outcome is None
        inner.release.set()
        await inner.ended.wait()
        assert inner.outcome == "completed"
        assert await sp.relay_shielded(value(5)) == 5

    async def value(result):
        return result

    all_loops.run(main())


def test_an_error_of_a_shielded_coroutine_is_seen_by_somebody(all_loops):
    probe = sp.Probe()
    complaints = []

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context["exception"]))
        began, release = asyncio.Event(), asyncio.Event()

        async def fails(error):
            began.set()
            await release.wait()
            raise error

        awaited, abandoned = ValueError("awaited"), ValueError("abandoned")
        release.set()
        with pytest.raises(ValueError, match="awaited"):
            await sp.relay_shielded(fails(awaited))
        began.clear()
        release.clear()
        future = sp.relay_shielded(fails(abandoned), probe)
        await began.wait()
        future.cancel()
        assert await loop.run_in_executor(None, probe.wait_dropped)
        release.set()
        while not complaints:
            await asyncio.sleep(0)
        assert complaints == [abandoned]

    all_loops.run(main())


def test_an_error_of_a_shielded_future_in_the_last_round_of_its_loop_is_seen(loops):
    probe, complaints = sp.Probe(), []
    with loops.open() as loop:
        inner = loop.create_future()

        async def begin():
            future = sp.relay_shielded(inner, probe)
            await until(lambda: inner._callbacks)
            assert inner._callbacks, "the bridge awaits it"
            future.cancel()
            assert await loop.run_in_executor(None, probe.wait_dropped)

        async def fail():
            inner.set_exception(ValueError("unseen"))

        loop.run_until_complete(begin())
        loop.set_exception_handler(lambda _, context: complaints.append(str(context["exception"])))
        loop.run_until_complete(fail())
        loop.close()
    assert complaints == ["unseen"]
