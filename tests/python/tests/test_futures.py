"""Rust futures that Python awaits."""

import asyncio
import time
import traceback

import pytest
import sundown_pytest as sp


def test_a_ready_future(all_loops):
    marker = object()

    async def main():
        assert await sp.ready(marker) is marker

    all_loops.run(main())


def test_a_result_is_converted(all_loops):
    async def main():
        assert await sp.numbers(4) == [0, 1, 2, 3]

    all_loops.run(main())


def test_a_future_that_waits(all_loops):
    async def main():
        before = time.monotonic()
        assert await sp.sleep(0.05, "value") == "value"
        assert time.monotonic() - before >= 0.05

    all_loops.run(main())


def test_a_gather_of_many(all_loops):
    async def main():
        assert await asyncio.gather(*(sp.ready(i) for i in range(10_000))) == list(range(10_000))
        assert await asyncio.gather(*(sp.sleep(0.001, i) for i in range(5_000))) == list(range(5_000))

    all_loops.run(main())


def test_waits_run_side_by_side(loops):
    async def main():
        before = time.monotonic()
        await asyncio.gather(*(sp.sleep(0.2) for _ in range(200)))
        assert time.monotonic() - before < 10, "one after another it is 40 s"

    loops.run(main())


def test_one_after_another(all_loops):
    async def main():
        for i in range(2_000):
            assert await sp.ready(i) == i

    all_loops.run(main())


def test_it_is_a_future_of_the_loop(loops):
    async def main():
        future = sp.sleep(0.01, 5)
        assert asyncio.isfuture(future)
        assert future.get_loop() is asyncio.get_running_loop()
        called = []
        future.add_done_callback(called.append)
        assert await asyncio.shield(future) == 5
        assert await asyncio.wait_for(sp.sleep(0.01, 6), 10) == 6
        await asyncio.sleep(0)
        assert called == [future]

    loops.run(main())


def test_wait_for_times_out(all_loops):
    probe = sp.Probe()

    async def main():
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(sp.never(probe), 0.05)

    all_loops.run(main())
    assert probe.wait_dropped()
    assert probe.completed == 0


def test_the_same_future_is_awaited_by_many(loops):
    async def main():
        future = sp.sleep(0.05, "shared")

        async def wait():
            return await future

        assert await asyncio.gather(*(wait() for _ in range(20))) == ["shared"] * 20

    loops.run(main())


def test_without_a_running_loop_it_is_an_error():
    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.ready(1)


class Own(Exception):
    pass


def test_an_exception_is_the_same_object(all_loops):
    error = Own("text", 5)

    async def main():
        with pytest.raises(Own) as caught:
            await sp.fail(error)
        assert caught.value is error

    all_loops.run(main())


def test_an_exception_keeps_cause_and_traceback(loops):
    def deep():
        try:
            raise KeyError("inner")
        except KeyError as inner:
            raise Own("outer") from inner

    async def main():
        try:
            deep()
        except Own as caught:
            error = caught
        try:
            await sp.fail(error)
        except Own as caught:
            text = "".join(traceback.format_exception(type(caught), caught, caught.__traceback__))
            assert isinstance(caught.__cause__, KeyError)
            assert "in deep" in text
            assert "await sp.fail(error)" in text

    loops.run(main())


def test_an_exception_made_in_rust_keeps_its_cause(loops):
    async def main():
        with pytest.raises(RuntimeError, match="outer") as caught:
            await sp.fail_with_cause()
        assert isinstance(caught.value.__cause__, ValueError)
        assert str(caught.value.__cause__) == "inner"

    loops.run(main())


@pytest.mark.parametrize("kind", [asyncio.CancelledError, StopIteration, StopAsyncIteration, GeneratorExit])
def test_an_exception_that_asyncio_treats_specially(loops, kind):
    async def main():
        future = sp.fail(kind())
        try:
            await asyncio.wait([future], timeout=10)
            assert future.done()
            with pytest.raises((kind, RuntimeError, TypeError)):
                future.result()
        except asyncio.CancelledError:
            assert kind is asyncio.CancelledError

        assert await sp.ready(1) == 1, "the bridge still works"

    loops.run(main())


def test_a_panic_has_its_message_and_place(all_loops, capfd):
    async def main():
        with pytest.raises(sp.RuntimePanic) as caught:
            await sp.panic("the message")
        assert "the message" in str(caught.value)
        assert f"src/futures.rs:{sp.PANIC_LINE}:" in str(caught.value)
        assert await sp.ready(1) == 1, "the runtime goes on"

    all_loops.run(main())
    assert issubclass(sp.RuntimePanic, Exception)


def test_a_panic_without_a_message(loops, capfd):
    async def main():
        with pytest.raises(sp.RuntimePanic):
            await sp.panic("")

    loops.run(main())


def test_a_panic_while_a_result_is_converted(loops, capfd):
    async def main():
        with pytest.raises(sp.RuntimePanic, match="no Python object for this"):
            await sp.panic_in_conversion()
        assert await asyncio.gather(*(sp.ready(i) for i in range(10))) == list(range(10))

    loops.run(main())


def test_an_error_while_a_result_is_converted(loops):
    async def main():
        batch = [sp.ready(1), sp.error_in_conversion(), sp.ready(3)]
        first, second, third = await asyncio.gather(*batch, return_exceptions=True)
        assert (first, third) == (1, 3), "the rest of the batch is not lost"
        assert isinstance(second, ValueError)
        assert str(second) == "cannot be converted"

    loops.run(main())


def test_a_long_batch_lets_other_callbacks_run(all_loops):
    """100,000 results that wait in the queue are settled in slices of time; a heartbeat is heard between them.

    Turns of the loop are counted and no time is measured: a busy machine cannot make this fail.
    """
    count = 100_000
    probe = sp.Probe()

    async def main():
        turn = 0
        seen = set()

        async def heartbeat():
            nonlocal turn
            while True:
                turn += 1
                await asyncio.sleep(0)

        futures = [sp.sleep(0, i, probe) for i in range(count)]
        for future in futures[::500]:
            future.add_done_callback(lambda _: seen.add(turn))
        # The loop is blocked until all of them are in the queue.
        assert probe.wait_dropped(count, 200)
        beat = asyncio.ensure_future(heartbeat())
        assert await asyncio.gather(*futures) == list(range(count))
        beat.cancel()
        return len(seen)

    assert all_loops.run(main()) >= 10, "in one piece it is one turn, or two"
