"""The sweep of a loop: what it ends, in which order, and who may call it."""

import asyncio
import re
import threading

import pytest
import sundown_pytest as sp
from swept import begins, sleeps, stopped

LAYERS = ["tasks", "generators", "subprocesses", "watchers", "executor"]


def test_a_stopped_loop_is_swept_and_closed(loops):
    seen = []

    async def cleans_up(begun):
        try:
            await sleeps(begun)
        except asyncio.CancelledError:
            await asyncio.sleep(0.01)
            seen.append("cleaned up")
            raise

    with stopped(loops, begins, cleans_up) as loop:
        report = sp.sweep(loop)
        assert loop.is_closed()
    assert seen == ["cleaned up"]
    assert re.search(r"^sweep stopped after .*\(limit 5\.0 s\)", report), report
    for layer in [*LAYERS, "loop"]:
        assert re.search(rf"- sweep\.{layer} +stopped +\d+\.\d m?s", report), report
    assert "cancelled 1" in report


def test_the_same_from_rust(loops):
    with stopped(loops, begins, sleeps) as loop:
        clean, steps, text = sp.sweep_from_rust(loop, 30.0)
        assert loop.is_closed()
    assert clean, text
    assert steps == [(f"sweep.{layer}", "stopped") for layer in [*LAYERS, "loop"]]
    assert "(limit 30.0 s)" in text


def test_an_empty_loop_is_closed(loops):
    loop = loops.new()
    report = sp.sweep(loop)
    assert loop.is_closed()
    assert "sweep.loop" in report
    # And again.
    assert "it was closed before" in sp.sweep(loop)
    assert sp.sweep_from_rust(loop)[0]


def test_a_running_loop_is_swept_from_within(loops):
    async def main():
        await begins(sleeps)
        await begins(sleeps)
        report = await sp.sweep()
        assert asyncio.all_tasks() == {asyncio.current_task()}
        # It goes on.
        await asyncio.sleep(0.01)
        return report

    report = loops.run(main())
    assert "cancelled 2" in report
    assert "sweep.loop" not in report


def test_the_running_loop_may_be_named(loops):
    async def main():
        await begins(sleeps)
        return await sp.sweep(asyncio.get_running_loop(), timeout=30)

    assert "(limit 30.0 s)" in loops.run(main())


async def sweeps(seen):
    await begins(sleeps)
    seen.append(await sp.sweep())
    return "swept"


async def awaits_a_task(seen):
    return await asyncio.ensure_future(sweeps(seen))


async def gathers(seen):
    return (await asyncio.gather(asyncio.gather(sweeps(seen)), sleeps(), return_exceptions=True))[0][0]


async def waits(seen):
    done, _ = await asyncio.wait([asyncio.ensure_future(sweeps(seen))])
    return done.pop().result()


async def waits_with_a_limit(seen):
    return await asyncio.wait_for(asyncio.wait_for(sweeps(seen), 60), 60)


async def groups(seen):
    if not hasattr(asyncio, "TaskGroup"):
        return await sweeps(seen)
    async with asyncio.TaskGroup() as group:
        group.create_task(sleeps())
        task = group.create_task(sweeps(seen))
    return task.result()


@pytest.mark.parametrize("main", [awaits_a_task, gathers, waits, waits_with_a_limit, groups])
def test_what_waits_for_the_caller_is_left_alone(loops, main):
    seen = []
    assert loops.run(main(seen)) == "swept"
    assert len(seen) == 1
    assert "cancelled" in seen[0]


def test_a_loop_that_runs_elsewhere_is_refused(loops):
    loop = loops.new()
    running = threading.Event()
    thread = threading.Thread(target=loop.run_forever)
    loop.call_soon(running.set)
    thread.start()
    try:
        assert running.wait(30)
        with pytest.raises(sp.ShutdownError, match="runs on another thread"):
            sp.sweep(loop)
        with pytest.raises(sp.ShutdownError, match="runs on another thread"):
            sp.sweep_from_rust(loop)
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


def test_a_loop_beside_one_that_runs_is_refused(loops):
    other = loops.new()

    async def main():
        with pytest.raises(sp.ShutdownError, match="another event loop runs on this thread"):
            sp.sweep(other)
        with pytest.raises(sp.ShutdownError, match="runs on this thread: await"):
            sp.sweep_from_rust(asyncio.get_running_loop())

    loops.run(main())
    other.close()


def test_without_a_loop_there_is_nothing_to_sweep():
    with pytest.raises(sp.ShutdownError, match="no event loop runs on this thread"):
        sp.sweep()


@pytest.mark.parametrize("timeout", [-1, float("nan")])
def test_a_limit_that_is_no_time_is_refused(timeout):
    loop = asyncio.new_event_loop()
    with pytest.raises(ValueError, match="the timeout must be a number of seconds"):
        sp.sweep(loop, timeout=timeout)
    assert not loop.is_closed()
    loop.close()


def test_without_a_limit_it_is_the_default(loops):
    assert "(limit 5.0 s)" in sp.sweep(loops.new(), timeout=None)


def test_a_sweep_leaves_a_thread_of_its_own_too(loops):
    """Not the main one, where Ctrl-C comes."""
    with stopped(loops, begins, sleeps) as loop:
        reports = []
        thread = threading.Thread(target=lambda: reports.append(sp.sweep(loop)))
        thread.start()
        thread.join()
        assert loop.is_closed()
    assert "cancelled 1" in reports[0]
