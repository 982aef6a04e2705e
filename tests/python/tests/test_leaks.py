"""Nothing is left after thousands of awaits: threads, descriptors, references."""

import asyncio
import gc
import sys
import threading
import weakref

import pytest
import sundown_pytest as sp
from conftest import Loops, descriptors, only_new_garbage, os_threads, until, wait_until


class Value:
    pass


def count(references):
    """How many of them are alive. What was dropped on a worker waits in PyO3's pool for the next PyO3 call."""
    sp.Probe()
    gc.collect()
    return sum(reference() is not None for reference in references)


async def a_bit_of_everything(probe):
    async def python(value):
        await asyncio.sleep(0)
        return value

    async def generator():
        for i in range(5):
            yield i

    await asyncio.gather(*(sp.ready(i) for i in range(200)))
    await asyncio.gather(*(sp.sleep(0.0005, i) for i in range(200)))
    await asyncio.gather(*(sp.eager_ready(i) for i in range(200)))
    await asyncio.gather(*(sp.relay(python(i)) for i in range(200)))
    await asyncio.gather(*(sp.fail(ValueError()) for _ in range(20)), return_exceptions=True)
    await sp.call_many(lambda x: x, 200, 50)
    await sp.take_v2(generator(), 10)
    await sp.take_v1(generator(), 3)
    cancelled = [sp.never(probe) for _ in range(50)]
    await sp.ready(None)
    for future in cancelled:
        future.cancel()
    await asyncio.wait(cancelled, timeout=10)


def test_threads(all_loops):
    """The number of threads is the runtime's, however many awaits there were."""
    all_loops.run(a_bit_of_everything(sp.Probe()))
    gc.collect()
    before = os_threads()
    for _ in range(10):
        all_loops.run(a_bit_of_everything(sp.Probe()))
    gc.collect()
    wait_until(lambda: len(os_threads()) <= len(before))
    after = os_threads()
    assert len(after) <= len(before), (before, after)


def test_every_rust_thread_has_a_name(all_loops):
    async def main():
        await asyncio.gather(*(sp.sleep(0.001) for _ in range(500)))

    before = os_threads()
    all_loops.run(main())
    own = set(os_threads()) - set(before)
    assert not [name for name in own if not name], own


def test_descriptors(all_loops):
    probe = sp.Probe()
    for _ in range(3):
        all_loops.run(a_bit_of_everything(probe))
    gc.collect()
    before = descriptors()
    for _ in range(10):
        all_loops.run(a_bit_of_everything(probe))
    gc.collect()
    wait_until(lambda: len(descriptors()) <= len(before))
    after = descriptors()
    assert len(after) <= len(before), {fd: name for fd, name in after.items() if before.get(fd) != name}


def test_results_are_freed(all_loops):
    alive = []

    async def main():
        for _ in range(100):
            value = Value()
            alive.append(weakref.ref(value))
            assert await sp.ready(value) is value
            assert await sp.sleep(0.0001, value) is value
            assert await sp.eager_ready(value) is value
            del value
        await sp.ready(None)
        gc.collect()
        return [reference for reference in alive if reference() is not None]

    assert all_loops.run(main()) == []


def test_a_result_has_one_reference_more_while_it_is_held(loops):
    async def main():
        value = object()
        before = sys.getrefcount(value)
        for _ in range(1_000):
            await sp.ready(value)
            await sp.sleep(0, value)
        await sp.ready(None)
        assert sys.getrefcount(value) == before

    loops.run(main())


@pytest.mark.parametrize("make", [sp.ready, sp.eager_ready, lambda value: sp.sleep(0.001, value)])
def test_futures_are_freed_without_the_collector(all_loops, make):
    """Reference counting alone frees a future whose result was taken: there is no cycle through the bridge."""

    async def main():
        gc.collect()
        gc.disable()
        try:
            alive = []
            for i in range(50):
                future = make(i)
                alive.append(weakref.ref(future))
                await future
                del future
            await sp.ready(None)
            await asyncio.sleep(0)
            return sum(reference() is not None for reference in alive)
        finally:
            gc.enable()

    assert all_loops.run(main()) <= 1


def test_cancelled_futures_and_their_rust_halves_are_freed(all_loops):
    probe = sp.Probe()

    async def main():
        alive = []
        for _ in range(500):
            future = sp.never(probe)
            alive.append(weakref.ref(future))
            future.cancel()
            del future
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped, 500)
        await until(lambda: count(alive) <= 1)
        return count(alive)

    assert all_loops.run(main()) <= 1


def test_errors_are_freed(loops):
    class Own(Exception):
        pass

    async def main():
        alive = []
        for _ in range(100):
            error = Own()
            alive.append(weakref.ref(error))
            try:
                await sp.fail(error)
            except Own:
                pass
            del error
        await sp.ready(None)
        gc.collect()
        return sum(reference() is not None for reference in alive)

    assert loops.run(main()) == 0


def test_relayed_coroutines_and_callables_are_freed(all_loops):
    alive = []

    async def main():
        async def give(value):
            await asyncio.sleep(0)
            return value

        for _ in range(100):
            value = Value()
            alive.append(weakref.ref(value))
            await sp.relay(give(value))
            await sp.call(lambda _, value=value: None, value)
            del value
        await sp.ready(None)
        await until(lambda: count(alive) <= 1)
        return count(alive)

    assert all_loops.run(main()) <= 1


def test_results_that_come_too_late_are_freed(all_loops):
    probe = sp.Probe()
    alive = []

    async def main():
        for _ in range(100):
            value = Value()
            alive.append(weakref.ref(value))
            future = sp.sleep(0.005, value, probe)
            del value
        assert probe.wait_dropped(100)
        future.cancel()
        return None

    loop = all_loops.new()
    loop.run_until_complete(main())
    loop.close()
    del loop
    gc.collect()
    all_loops.run(main_ready())
    # A worker has dropped its probe, and may be about to hand over what it has for the loop.
    assert wait_until(lambda: count(alive) == 0)


async def main_ready():
    await sp.ready(None)


def test_memory_does_not_grow(loops):
    """A hundred thousand awaits: what CPython has allocated is the same before and after."""

    async def main():
        for _ in range(3):
            await asyncio.gather(*(sp.ready(i) for i in range(5_000)))
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(20):
            await asyncio.gather(*(sp.ready(i) for i in range(5_000)))
        gc.collect()
        return sys.getallocatedblocks() - before

    assert loops.run(main()) < 5_000, "less than one block in twenty awaits"


async def endless():
    await asyncio.get_running_loop().create_future()


async def endless_items(count):
    for i in range(count):
        yield i
    await endless()


class Owner:
    """As an application has it: it knows the loop, and its method is the callback."""

    def __init__(self):
        self.loop = asyncio.get_running_loop()

    async def on_event(self, _):
        await endless()


PENDING = {
    "nothing": lambda probe: sp.ready(1),
    "a Rust future": lambda probe: sp.never(probe),
    "a coroutine that Rust awaits": lambda probe: sp.relay(endless()),
    "a coroutine that is yet to begin": lambda probe: sp.hold_unpolled(endless(), probe),
    "an async callback": lambda probe: sp.call(Owner().on_event, 1),
    "a generator that waits": lambda probe: sp.take_v1(endless_items(3), 10),
    "a generator that waits for room": lambda probe: sp.take_slowly_v2(endless_items(100), 100, 3_600_000),
    "all of them": None,
}


def begin(what, probe):
    makers = list(PENDING.values())[:-1] if PENDING[what] is None else [PENDING[what]]
    return [make(probe) for make in makers]


@pytest.mark.parametrize("what", PENDING)
@pytest.mark.parametrize("kind", ["asyncio", "without-add-reader"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_loops_that_are_dropped_and_never_closed(kind, what, monkeypatch):
    """The way from the loop over its bridge and the futures back to the loop is one that the garbage collector sees.

    Not on uvloop: it keeps each loop that is not closed, with five descriptors, also without a bridge.
    """
    # The collector may finalize the sockets of a loop before the loop, whose `__del__` then fails. pytest's hook would keep the
    # exception until the end of the test, and the exception's frames keep the loop.
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)
    probe = sp.Probe()

    async def main():
        futures = begin(what, probe)
        tasks = [asyncio.ensure_future(awaits(future)) for future in futures]
        for _ in range(5):
            await asyncio.sleep(0)
        return tasks

    async def awaits(future):
        return await future

    def drop_one():
        # What is pending is reported when it is collected, as everywhere in asyncio.
        loop = Loops(kind).new()
        loop.set_exception_handler(lambda *_: None)
        loop.run_until_complete(main())
        return weakref.ref(loop)

    def collected():
        sp.Probe()  # what was dropped on a worker waits for a PyO3 call
        gc.collect()
        return all(reference() is None for reference in loops) and len(descriptors()) <= before + 5

    drop_one()
    loops = []
    gc.collect()
    before = len(descriptors())
    loops += [drop_one() for _ in range(200)]
    assert wait_until(collected), (before, len(descriptors()), sum(reference() is not None for reference in loops))


@pytest.mark.parametrize("kind", ["asyncio", "without-add-reader"])
@pytest.mark.filterwarnings("ignore::ResourceWarning")
def test_a_dropped_loop_whose_callback_was_visited(kind, monkeypatch):
    """An object that visits its callback owns the callable; with a clone in a Rust future the loop owns it again."""
    monkeypatch.setattr(sys, "unraisablehook", lambda _: None)  # as above

    async def main():
        owner = Owner()
        owner.holder = sp.CallbackHolder(owner.on_event)
        gc.collect()
        # A visit, too: of an object that has the callable.
        await until(lambda: owner.on_event in gc.get_referents(owner.holder))
        assert owner.on_event in gc.get_referents(owner.holder)
        owner.kept = owner.holder.keep_clone(endless())
        await sp.ready(None)
        assert owner.on_event not in gc.get_referents(owner.holder), "what Rust has is visited by nobody"
        assert not owner.kept.done()
        return weakref.ref(owner.loop)

    loop = Loops(kind).new()
    reference = loop.run_until_complete(main())
    del loop
    assert wait_until(lambda: count([reference]) == 0, 10), "each look is a collection"


def test_a_loop_that_lives_keeps_its_bridge(all_loops):
    """Nothing but the loop owns what is pending, and the collector leaves it alone."""
    probe = sp.Probe()
    got = []

    async def main():
        tasks = [asyncio.ensure_future(sp.sleep(0.05, i, probe)) for i in range(50)]
        tasks += [asyncio.ensure_future(sp.relay(asyncio.sleep(0.05, i))) for i in range(50)]
        tasks += [asyncio.ensure_future(sp.call(lambda x: x, i)) for i in range(50)]
        for _ in range(20):
            gc.collect()
            await asyncio.sleep(0)
        got.extend(await asyncio.gather(*tasks))

    with only_new_garbage():
        all_loops.run(main())
    assert got == list(range(50)) * 3


def test_collections_while_workers_give_up(all_loops):
    """The collector looks at a bridge more than once, and workers drop what waits there meanwhile."""
    stop = threading.Event()

    def collect():
        while not stop.is_set():
            gc.collect()

    async def stops():
        await asyncio.sleep(0)

    async def main():
        for _ in range(30):
            results = await asyncio.gather(*(sp.relay_until(endless(), stops()) for _ in range(50)))
            assert results == ["dropped"] * 50

    collector = threading.Thread(target=collect)
    with only_new_garbage():
        collector.start()
        try:
            all_loops.run(main())
        finally:
            stop.set()
            collector.join()


def test_no_timer_in_the_loop():
    """Harnesses look at `_scheduled`, to see what a test has left or to turn a clock of their own."""

    async def main():
        await sp.ready(1)
        await sp.relay(asyncio.sleep(0))
        await sp.call(lambda x: x, 1)
        assert asyncio.get_running_loop()._scheduled == []
        pending = sp.never(sp.Probe())
        assert asyncio.get_running_loop()._scheduled == []
        pending.cancel()

    Loops("asyncio").run(main())
