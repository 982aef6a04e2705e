"""Event loops: several, many in a row, of other kinds, closed early."""

import asyncio
import gc
import threading

import pytest
import sundown_pytest as sp
from conftest import Loops, WithoutAddReader, descriptors, wait_until


def test_several_loops_in_several_threads(all_loops):
    barrier = threading.Barrier(6)

    def work(number):
        async def main():
            barrier.wait(30)
            results = []
            for _ in range(20):
                results += await asyncio.gather(*(sp.sleep(0.001, (number, i)) for i in range(50)))
                results += await asyncio.gather(*(sp.ready((number, i)) for i in range(50)))
            return results

        return main

    threads = [all_loops.run_in_thread(work(number)) for number in range(6)]
    for number, thread in enumerate(threads):
        assert thread.join() == [(number, i) for i in range(50)] * 40


def test_loops_of_different_kinds_at_once():
    from conftest import HAS_UVLOOP

    async def main():
        return sum(await asyncio.gather(*(sp.sleep(0.001, 1) for _ in range(1_000))))

    kinds = ["asyncio", "proactor", "without-add-reader"] + ["uvloop"] * HAS_UVLOOP
    threads = [Loops(kind).run_in_thread(main) for kind in kinds * 2]
    assert [thread.join() for thread in threads] == [1_000] * len(threads)


def relays():
    return [thread for thread in threading.enumerate() if thread.name == "sundown-relay"]


def test_a_thousand_runs_in_a_row_leak_no_descriptor(all_loops):
    async def main():
        assert await sp.ready(1) == 1
        assert await sp.sleep(0, 2) == 2

    for _ in range(5):
        all_loops.run(main())
    gc.collect()
    wait_until(lambda: not relays())
    before = descriptors()
    for _ in range(1_000):
        all_loops.run(main())
    gc.collect()
    wait_until(lambda: len(descriptors()) <= len(before))
    after = descriptors()
    assert len(after) <= len(before), {fd: name for fd, name in after.items() if before.get(fd) != name}


def test_a_thousand_asyncio_runs():
    async def main():
        return await asyncio.gather(*(sp.ready(i) for i in range(3)))

    before = None
    for number in range(1_000):
        assert asyncio.run(main()) == [0, 1, 2]
        if number == 10:
            gc.collect()
            before = len(descriptors())
    gc.collect()
    wait_until(lambda: len(descriptors()) <= before)
    assert len(descriptors()) <= before


def test_loops_that_end_with_work_in_flight_leak_no_descriptor(all_loops):
    probe = sp.Probe()

    async def main():
        for _ in range(10):
            sp.never(probe)
        await sp.ready(1)

    all_loops.run(main())
    gc.collect()
    wait_until(lambda: not relays())
    before = len(descriptors())
    for _ in range(100):
        all_loops.run(main())
    gc.collect()
    wait_until(lambda: len(descriptors()) <= before)
    assert len(descriptors()) <= before


def test_a_loop_that_runs_in_pieces(all_loops):
    async def main():
        return await sp.sleep(0.01, "piece")

    with all_loops.open() as loop:
        for _ in range(20):
            assert loop.run_until_complete(main()) == "piece"


def test_results_that_arrive_while_the_loop_rests(all_loops):
    """Completed between two runs of the loop: they wait in the queue, and the second run takes them."""
    probe = sp.Probe()

    async def begin():
        return [sp.sleep(0.01, i, probe) for i in range(100)]

    async def collect(futures):
        return await asyncio.gather(*futures)

    with all_loops.open() as loop:
        futures = loop.run_until_complete(begin())
        assert probe.wait_dropped(100)
        assert loop.run_until_complete(collect(futures)) == list(range(100))


def test_results_for_a_closed_loop_are_dropped_quietly(all_loops, capfd):
    probe = sp.Probe()

    async def main():
        for i in range(100):
            sp.sleep(0.1, i, probe)
        await sp.ready(None)

    loop = all_loops.new()
    loop.run_until_complete(main())
    before = sp.stats()["late_completions"]
    loop.close()
    assert probe.wait_dropped(100)
    # The queue of another loop is behind those of the closed one: nothing is on its way any more after this.
    all_loops.run(sp_ready())
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")
    assert sp.stats()["late_completions"] >= before


async def sp_ready():
    return await sp.ready(None)


def test_a_new_loop_after_a_closed_one_with_the_same_descriptors(all_loops):
    """A closed loop's descriptor number is soon another's: a registration that stayed would swallow results."""

    async def main():
        return sum(await asyncio.gather(*(sp.sleep(0.002, 1) for _ in range(20))))

    for _ in range(50):
        old = all_loops.new()
        old.run_until_complete(sp_ready())
        fresh = all_loops.new()
        old.close()
        try:
            assert fresh.run_until_complete(main()) == 20
        finally:
            fresh.close()


def test_the_loop_without_add_reader_is_one():
    loop = WithoutAddReader()
    try:
        with pytest.raises(NotImplementedError):
            loop.add_reader(0, print)
    finally:
        loop.close()


def test_the_current_loop(all_loops):
    async def main():
        loop = asyncio.get_running_loop()
        assert sp.current_loop() is loop
        assert sp.running_loop() is loop
        assert await sp.loop_inside() is loop
        assert await sp.loop_in_scope(sp.Locals.running()) is loop
        assert sp.Locals.running().event_loop() is loop
        assert sp.Locals(loop).event_loop() is loop

    all_loops.run(main())
    with pytest.raises(RuntimeError):
        sp.running_loop()


def test_a_future_made_on_another_thread(all_loops):
    """`future_into_py_with_locals` names the loop; the caller's thread needs none of its own."""

    async def main():
        locals_ = sp.Locals.running()
        loop = asyncio.get_running_loop()
        done = asyncio.Event()
        seen = []

        def make():
            future = sp.sleep_with_locals(locals_, 0.01)
            assert future.get_loop() is loop

            def arrived():
                future.add_done_callback(lambda future: (seen.append(future.exception()), done.set()))

            loop.call_soon_threadsafe(arrived)

        thread = threading.Thread(target=make)
        thread.start()
        await asyncio.wait_for(done.wait(), 30)
        thread.join()
        assert seen == [None]

    all_loops.run(main())


def test_the_first_use_of_a_loop_may_be_on_another_thread(all_loops):
    """The bridge of a loop is made from outside while the loop runs: it must be woken for it."""

    async def main():
        loop = asyncio.get_running_loop()
        result = loop.create_future()

        def make():
            future = sp.sleep_with_locals(sp.Locals(loop), 0.01)
            loop.call_soon_threadsafe(future.add_done_callback, lambda _: result.set_result("arrived"))

        thread = threading.Thread(target=make)
        thread.start()
        assert await asyncio.wait_for(result, 30) == "arrived"
        thread.join()

    all_loops.run(main())


def test_a_loop_is_collected_after_it_closed(all_loops):
    import weakref

    async def main():
        return await sp.ready(1)

    if all_loops.kind == "uvloop":
        pytest.skip("uvloop's Loop has no weak references")
    loop = all_loops.new()
    alive = weakref.ref(loop)
    loop.run_until_complete(main())
    loop.close()
    del loop
    gc.collect()
    # A new loop is made, and with it the caches are looked through.
    all_loops.run(main())
    # The relay of a loop without `add_reader` has the loop in its hands for a moment, when it is woken for the last time.
    assert wait_until(lambda: gc.collect() >= 0 and alive() is None)


def test_a_loop_that_was_never_closed(script):
    out = script(
        """
        import warnings
        warnings.simplefilter("ignore")
        async def main():
            return await sp.ready(5)
        loop = asyncio.new_event_loop()
        print(loop.run_until_complete(main()))
        """
    )
    assert out == "5\n"
