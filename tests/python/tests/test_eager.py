"""The eager variant: polled once on the calling thread, in a hurry but fair."""

import asyncio
import threading

import pytest
import sundown_pytest as sp


def test_a_ready_result_is_there_at_once(all_loops):
    marker = object()

    async def main():
        future = sp.eager_ready(marker)
        assert future.done()
        assert await future is marker

    all_loops.run(main())


def test_it_is_a_future(loops):
    async def main():
        future = sp.eager_ready(1)
        assert asyncio.isfuture(future)
        assert future.get_loop() is asyncio.get_running_loop()
        called = []
        future.add_done_callback(called.append)
        assert called == [], "callbacks come by the loop, as always"
        assert await asyncio.gather(future, sp.eager_ready(2)) == [1, 2]
        await asyncio.sleep(0)
        assert called == [future]

    loops.run(main())


def test_what_has_to_wait_waits(all_loops):
    async def main():
        future = sp.eager_sleep(60)
        assert not future.done()
        future.cancel()
        assert await sp.eager_sleep(0.02, "later") == "later"
        assert await asyncio.gather(*(sp.eager_sleep(0.001, i) for i in range(2_000))) == list(range(2_000))

    all_loops.run(main())


def test_errors_and_panics(loops, capfd):
    error = ValueError("now")

    async def main():
        with pytest.raises(ValueError) as caught:
            await sp.eager_fail(error)
        assert caught.value is error
        with pytest.raises(sp.RuntimePanic, match="eagerly"):
            await sp.eager_panic("eagerly")
        assert await sp.eager_ready(1) == 1

    loops.run(main())


def test_it_is_polled_on_the_calling_thread(loops):
    async def main():
        assert await sp.eager_call(threading.get_ident) == threading.get_ident()

    loops.run(main())


def test_it_can_be_cancelled(all_loops):
    probe = sp.Probe()

    async def main():
        future = sp.eager_sleep(60, None, probe)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped)

    all_loops.run(main())
    assert probe.completed == 0


def test_the_loop_is_not_starved(all_loops):
    """A coroutine that only awaits ready results would never let the loop turn if all of them were finished futures."""

    async def main():
        turns = 0

        async def other():
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0)

        task = asyncio.ensure_future(other())
        for i in range(10_000):
            assert await sp.eager_ready(i) == i
        task.cancel()
        return turns

    assert all_loops.run(main()) >= 20


def test_outside_of_a_loop_it_is_an_error():
    with pytest.raises(RuntimeError):
        sp.eager_ready(1)
