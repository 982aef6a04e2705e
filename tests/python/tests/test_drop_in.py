"""Where the drop-in differs from what `sundown_python` does natively."""

import asyncio

import pytest
import sundown_pytest as sp


@pytest.mark.parametrize("serve", [sp.drop_in_serve, sp.serve])
def test_a_server_is_started_and_waited_for_and_then_awaited(all_loops, serve):
    """The drop-in begins at the call, as the original; natively a future runs once it is polled, or spawned."""

    async def main():
        up = asyncio.Event()

        async def server():
            up.set()
            await asyncio.sleep(0.01)
            return "served"

        assert await asyncio.wait_for(serve(server(), up.wait()), 30) == "served"

    all_loops.run(main())


def test_a_generator_begins_at_the_call(all_loops):
    async def main():
        up = asyncio.Event()

        async def items():
            up.set()
            yield 1
            yield 2

        assert await asyncio.wait_for(sp.drop_in_read(items(), up.wait()), 30) == 1

    all_loops.run(main())


def test_dropped_without_a_poll(all_loops, recwarn):
    """Cancelled, whether it had begun or not; never forgotten."""
    steps = []

    async def main():
        async def work():
            steps.append("begun")
            await asyncio.sleep(10)
            steps.append("finished")

        sp.drop_in_drop_unpolled(work())
        assert await sp.call(lambda x: x, 1) == 1
        for _ in range(10):
            await asyncio.sleep(0)
        others = asyncio.all_tasks() - {asyncio.current_task()}
        assert not others

    all_loops.run(main())
    assert "finished" not in steps
    assert not [warning for warning in recwarn if "never awaited" in str(warning.message)]


def test_natively_what_was_not_polled_does_not_begin(all_loops):
    """Also while the loop wakes for something else."""
    steps = []
    probe = sp.Probe()

    async def main():
        async def work():
            steps.append("begun")

        held = sp.hold_unpolled(work(), probe)
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        for i in range(5):
            assert await sp.call(lambda x: x, i) == i
        held.cancel()
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped)
        await sp.ready(None)
        assert steps == []

    all_loops.run(main())
