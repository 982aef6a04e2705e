"""The sweep of a loop: its tasks and asynchronous generators."""

import asyncio
import sys

import pytest
import sundown_pytest as sp
from swept import begins, sleeps, stopped, unclean


async def nested(begun, depth):
    if depth:
        await asyncio.ensure_future(nested(begun, depth - 1))
    else:
        await sleeps(begun)


async def gathered(begun, depth):
    if depth:
        await asyncio.gather(gathered(begun, depth - 1), asyncio.sleep(60), return_exceptions=bool(depth % 2))
    else:
        await sleeps(begun)


@pytest.mark.parametrize("nest, depth, tasks", [(nested, 10_000, 10_001), (gathered, 2_000, 4_001)])
def test_a_long_chain_ends(loops, nest, depth, tasks):
    """`Task.cancel` goes down the chain by recursion, and so does that of a `gather`."""
    with stopped(loops, begins, nest, depth) as loop:
        assert len(asyncio.all_tasks(loop)) == tasks
        report = sp.sweep(loop, timeout=120)
    assert f"cancelled {tasks}" in report


def test_a_long_chain_ends_from_within(loops):
    async def main():
        await begins(nested, 10_000)
        return await sp.sweep(timeout=120)

    assert "cancelled 10001" in loops.run(main())


def test_what_fails_is_named_once(loops):
    """Its parent has the same exception. Nothing is printed about it."""

    async def fails(begun):
        asyncio.current_task().set_name("child")
        try:
            await sleeps(begun)
        finally:
            raise LookupError("in the cleanup")

    async def parent(begun):
        await asyncio.ensure_future(fails(begun))

    with stopped(loops, begins, parent) as loop, pytest.raises(sp.ShutdownError) as raised:
        sp.sweep(loop)
    report = raised.value.report
    assert not isinstance(raised.value, sp.ShutdownTimeout)
    assert isinstance(raised.value.__cause__, LookupError)
    assert report.count("LookupError: in the cleanup") == 1, report
    assert 'sweep.tasks["child"]' in report
    assert "fails`" in report
    assert loop.is_closed()


def test_a_parent_whose_child_swallows_is_cancelled_itself(loops):
    seen = []

    async def child(begun):
        try:
            await sleeps(begun)
        except asyncio.CancelledError:
            return "a result all the same"

    async def parent(begun):
        seen.append(await asyncio.ensure_future(child(begun)))
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    with stopped(loops, begins, parent) as loop:
        sp.sweep(loop, timeout=60)
    assert seen == ["a result all the same", "cancelled"]


def test_the_cleanup_of_a_parent_is_not_cancelled(loops):
    seen = []

    async def parent(begun):
        try:
            await asyncio.ensure_future(sleeps(begun))
        finally:
            await asyncio.sleep(0.05)
            seen.append("done")

    with stopped(loops, begins, parent) as loop:
        sp.sweep(loop, timeout=60)
    assert seen == ["done"]


def test_what_is_begun_meanwhile_ends_too(loops):
    seen = []

    async def again(begun, times):
        try:
            await sleeps(begun)
        finally:
            seen.append(times)
            if times:
                await begins(again, times - 1)

    with stopped(loops, begins, again, 5) as loop:
        report = sp.sweep(loop, timeout=60)
    assert seen == [5, 4, 3, 2, 1, 0]
    assert "cancelled 6" in report


def test_what_swallows_once_is_cancelled_again(loops):
    async def swallows(begun):
        asyncio.current_task().set_name("stubborn")
        try:
            await sleeps(begun)
        except asyncio.CancelledError:
            pass
        await asyncio.sleep(60)

    with stopped(loops, begins, swallows) as loop:
        report = unclean(sp.ShutdownTimeout, loop, timeout=1.0)
    assert 'sweep.tasks["stubborn"]' in report
    assert "forced" in report
    assert "ended when it was cancelled again" in report


async def never_ends(begun):
    asyncio.current_task().set_name("deaf")
    begun.set_result(None)
    while True:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            pass


def test_what_never_listens_is_closed_with_its_loop(loops):
    with stopped(loops, begins, never_ends) as loop:
        report = unclean(sp.ShutdownTimeout, loop, timeout=0.5)
        assert loop.is_closed()
    assert 'sweep.tasks["deaf"]' in report
    assert "and was closed" in report


def test_what_never_listens_on_a_running_loop_is_named(loops):
    async def main():
        await begins(never_ends)
        task = next(task for task in asyncio.all_tasks() if task.get_name() == "deaf")
        with pytest.raises(sp.ShutdownTimeout) as raised:
            await sp.sweep(timeout=0.5)
        assert not task.done()
        # For the end of the test.
        task._log_destroy_pending = False
        task.get_coro().close()
        asyncio.get_running_loop().call_soon(task.get_loop().stop)
        return raised.value.report

    loop = loops.new()
    report = loop.run_until_complete(main())
    assert "abandoned" in report
    assert "did not end when it was cancelled" in report
    loop.close()


def test_without_time_all_is_asked_and_forced_at_once(loops):
    with stopped(loops, begins, sleeps) as loop:
        report = unclean(sp.ShutdownTimeout, loop, timeout=0)
        assert loop.is_closed()
    assert "forced" in report


@pytest.mark.skipif(sys.version_info < (3, 12), reason="eager tasks are of 3.12")
def test_eager_tasks_end_too():
    async def main():
        asyncio.get_running_loop().set_task_factory(asyncio.eager_task_factory)
        await begins(sleeps)

    loop = asyncio.new_event_loop()
    loop.run_until_complete(main())
    assert "cancelled 1" in sp.sweep(loop)


def test_a_task_that_ends_the_program_does_so_afterwards(loops):
    async def exits(begun):
        try:
            await sleeps(begun)
        finally:
            sys.exit(3)

    async def main():
        await begins(exits)
        await begins(sleeps)

    with stopped(loops, main) as loop, pytest.raises(SystemExit, match="3"):
        sp.sweep(loop)
    assert loop.is_closed()


async def generates(seen, error=None):
    try:
        yield 1
    finally:
        await asyncio.sleep(0)
        seen.append("closed")
        if error is not None:
            raise error


async def hangs():
    try:
        yield 1
    finally:
        await asyncio.sleep(60)


def test_generators_are_closed(loops):
    kept, seen = [], []

    async def main():
        kept.append(generates(seen))
        await kept[0].__anext__()

    with stopped(loops, main) as loop:
        sp.sweep(loop)
    assert seen == ["closed"]


def test_generators_that_hang_or_fail_are_named(loops):
    kept, seen = [], []

    async def main():
        for generator in (hangs(), generates(seen, LookupError("in a generator"))):
            kept.append(generator)
            await generator.__anext__()

    with stopped(loops, main) as loop:
        report = unclean(sp.ShutdownTimeout, loop, timeout=1.0)
    assert 'sweep.generators["hangs"]' in report
    assert "forced" in report
    assert 'sweep.generators["generates"]' in report
    assert "LookupError: in a generator" in report


def test_a_generator_around_the_caller_is_left_alone(loops):
    async def sweeps():
        yield await sp.sweep()

    async def main():
        return [report async for report in sweeps()]

    assert len(loops.run(main())) == 1


def test_a_bridge_works_on_after_a_sweep_from_within(loops):
    async def main():
        await sp.sleep(0.01)
        await sp.sweep()
        await sp.sleep(0.01)
        return "slept"

    assert loops.run(main()) == "slept"


def test_what_rust_awaits_ends_with_its_loop(loops):
    """A future of Rust's, and a coroutine that Rust awaits."""
    seen = []

    async def awaited(begun):
        try:
            await sleeps(begun)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    async def waits_for_rust(begun):
        await sp.relay(awaited(begun))

    with stopped(loops, begins, waits_for_rust) as loop:
        sp.sweep(loop)
    assert seen == ["cancelled"]
