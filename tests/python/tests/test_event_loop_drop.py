"""A private event loop whose last handle is dropped."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from conftest import wait_until
from own_loop import Watch, loop_threads, make


@pytest.mark.parametrize("drop", ["drop_attached", "drop_detached", "drop_on_a_worker"])
def test_the_last_handle_is_dropped(make, drop):
    own, watch = make(seconds=60), Watch()

    async def leaves_a_task():
        kept.append(asyncio.ensure_future(watch.sleep()))

    kept = []
    own.run(leaves_a_task)
    assert watch.begun.wait(10)
    start = time.monotonic()
    getattr(own, drop)()
    assert time.monotonic() - start < 30, "it does not wait until its time is over"
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    wait_until(lambda: not loop_threads())
    assert not loop_threads()
    kept.clear()


def test_the_last_handle_is_dropped_on_the_loops_own_thread(make):
    own, watch = make(), Watch()
    kept = []

    async def drops():
        kept.append(asyncio.ensure_future(watch.sleep()))
        await asyncio.sleep(0)
        own.drop_attached()

    own.begin(drops)
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    wait_until(lambda: not loop_threads())
    assert not loop_threads()
    kept.clear()


def test_the_last_handle_is_dropped_in_a_garbage_collection(make):
    """On another thread, in a `__del__`, while a call of the loop's own is under way."""
    watch = Watch()

    class Cycle:
        def __init__(self):
            self.own = make()
            self.cycle = self

        def __del__(self):
            self.own.drop_attached()

    async def leaves_a_task():
        kept.append(asyncio.ensure_future(watch.sleep()))

    kept = []
    cycle = Cycle()
    cycle.own.run(leaves_a_task)
    assert watch.begun.wait(10)
    del cycle
    collector = threading.Thread(target=gc.collect)
    collector.start()
    collector.join(10)
    assert watch.ended.wait(10)
    assert watch.error is asyncio.CancelledError
    kept.clear()


def test_two_threads_let_go_at_once(make):
    for _ in range(20):
        own, watch = make(), Watch()
        barrier = threading.Barrier(3)
        kept, reports = [], []

        async def leaves_a_task(kept=kept, watch=watch):
            kept.append(asyncio.ensure_future(watch.sleep()))

        def at_once(let_go, barrier=barrier, reports=reports):
            barrier.wait()
            try:
                reports.append(let_go())
            except ValueError:  # another was faster
                pass

        own.run(leaves_a_task)
        assert watch.begun.wait(10)
        ways = (own.close, own.drop_detached, own.drop_attached)
        threads = [threading.Thread(target=at_once, args=(way,)) for way in ways]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
            assert not thread.is_alive()
        assert watch.ended.wait(10)
        assert watch.error is asyncio.CancelledError
        wait_until(lambda: not loop_threads())
        assert not loop_threads()
        assert all(report is None or report[0] for report in reports), reports
        kept.clear()


def test_the_loop_is_freed(make):
    own = make()

    async def look():
        return weakref.ref(asyncio.get_running_loop())

    reference = own.run(look)
    assert own.close()[0]
    own.drop_attached()
    # The relay of a loop without `add_reader` has the loop in its hands for a moment, when it is woken for the last time.
    assert wait_until(lambda: gc.collect() >= 0 and reference() is None)
