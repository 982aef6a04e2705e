"""Classes with `#[pyclass_teardown]` that nobody closes: where the last reference goes, and what is said."""

import asyncio
import collections
import gc
import sys
import threading
import time
import tracemalloc
import warnings
import weakref

import pytest
import sundown_pytest as sp
from conftest import descriptors, gone, os_threads, wait_until

PLACES = ["own worker", "own blocking thread", "another worker", "a thread"]


def unclosed(name="Client"):
    return pytest.warns(ResourceWarning, match=rf"^unclosed `{name}` \(created at .*\.rs:\d+:\d+\)$")


def test_a_drop_closes():
    client, probe = sp.Client("drops"), sp.Probe()
    client.spawn_never(probe)
    assert probe.wait_started()
    before = time.monotonic()
    with unclosed():
        del client
    assert probe.dropped == 1 or time.monotonic() - before > 0.4, "the drop has waited for it, as long as it may"
    assert probe.wait_dropped()
    assert gone("drops")


def test_a_drop_says_nothing_once_closed():
    client = sp.Client()
    client.close()
    del client
    with sp.Client():
        pass
    gc.collect()


def test_the_policy_of_a_class():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        quiet = sp.Quiet()
        assert not quiet.closed
        del quiet
        gc.collect()
    assert not caught
    loud = sp.Loud()
    with unclosed("Loud"):
        del loud


def test_what_has_nothing_that_runs_needs_no_reaper(script):
    """Nor a wait: its thread could be any, that of an event loop too."""
    code = """
        before = os.listdir("/proc/self/task")

        async def main():
            for _ in range(10):
                sp.Quiet()

        for _ in range(10):
            sp.Quiet()
        asyncio.run(main())
        # Not by name: a thread that has just begun has none of its own yet.
        assert os.listdir("/proc/self/task") == before
    """
    script(code)


def test_a_drop_waits_for_half_a_second_at_most():
    client, probe = sp.Client("late"), sp.Probe()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    before = time.monotonic()
    with unclosed():
        del client
    assert 0.4 < time.monotonic() - before < 20
    probe.release()
    assert gone("late")


def test_the_wait_lets_other_threads_run():
    client, probe = sp.Client("lets run"), sp.Probe()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    ticks, stop = [], threading.Event()

    def tick():
        while not stop.is_set():
            ticks.append(time.monotonic())
            stop.wait(0.005)

    thread = threading.Thread(target=tick)
    thread.start()
    before = time.monotonic()
    with unclosed():
        del client
    after = time.monotonic()
    stop.set()
    thread.join()
    probe.release()
    assert gone("lets run")
    assert any(before + 0.05 < at < after - 0.05 for at in ticks), "in the middle of the wait"


@pytest.mark.parametrize("place", PLACES)
def test_the_last_reference_goes_on_a_thread_of_rust(place):
    client, going = sp.Client("by rust"), sp.Probe()
    holder = sp.hold(client, client, place, going)
    with unclosed():
        del client
        gc.collect()
        assert going.started == 0
        holder.let_go()
        # A worker of the object's own is dropped with its runtime.
        assert going.wait_started()
        assert gone("by rust")


def test_the_last_reference_goes_in_its_own_callback():
    client, probe = sp.Client("callback"), sp.Probe()
    box, over = [client], threading.Event()

    def callback():
        box.clear()
        over.set()

    with unclosed():
        sp.call_from_own_task(client, callback, probe)
        del client
        assert over.wait(10)
        assert probe.wait_dropped()
    assert gone("callback")


def test_the_last_reference_goes_on_an_event_loop(loops):
    async def main():
        client, probe = sp.Client("in a loop"), sp.Probe()
        client.spawn_blocking(60, probe)
        assert probe.wait_started()
        before = time.monotonic()
        with unclosed():
            del client
        took.append(time.monotonic() - before)
        probe.release()

    took = []
    for _ in range(5):
        loops.run(main())
    assert min(took) < 0.3, "a drop that waits takes half a second each time"
    assert gone("in a loop")


def test_the_last_reference_goes_on_its_own_event_loop():
    tool = sp.Tool()
    box = [tool]

    async def drop():
        box.clear()

    with unclosed("Tool"):
        runner = threading.Thread(target=lambda tool: tool.run(drop), args=(tool,))
        del tool
        runner.start()
        runner.join(10)
        del runner
        gc.collect()
        assert gone("tool loop")


def test_it_is_garbage():
    with unclosed():
        client = sp.Client("garbage")
        client.anything = [client]
        reference = weakref.ref(client)
        del client
        gc.collect()
        assert reference() is None
    assert gone("garbage")


def test_it_is_garbage_of_a_collection_inside_with():
    with sp.Client("outer") as outer:
        with unclosed():
            inner = sp.Client("inner")
            inner.anything = [inner]
            del inner
            gc.collect()
        assert outer.get() == "outer"
    assert gone("inner")


def test_it_is_garbage_below_a_lock_that_its_task_wants():
    client, probe = sp.Client("locks"), sp.Probe()
    client.anything = [client]
    holder = sp.Client("holds the lock")

    def collect():
        assert probe.wait_started()
        gc.collect()

    box = [client]
    del client
    before = time.monotonic()
    with unclosed():
        sp.call_below_a_lock(box[0], lambda: (box.clear(), collect()), probe)
        gc.collect()
    assert time.monotonic() - before < 20
    holder.close()
    assert gone("locks")


def test_in_a_del():
    class Owner:
        def __init__(self):
            self.client = sp.Client("in del")

        def __del__(self):
            del self.client

    with unclosed():
        Owner()
    assert gone("in del")


def test_two_threads_at_once():
    for _ in range(20):
        one, other = sp.Client("at once"), sp.Client("at once")
        one.anything, other.anything = other, one
        boxes = [[one], [other]]
        del one, other
        barrier = threading.Barrier(2)

        def work(box, barrier=barrier):
            barrier.wait()
            box[0].anything = None
            box.clear()

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            threads = [threading.Thread(target=work, args=(box,)) for box in boxes]
            [thread.start() for thread in threads]
            [thread.join(10) for thread in threads]
        assert len(caught) == 2
    assert gone("at once")


def test_a_drop_while_aclose_runs(loops):
    async def main():
        client, probe = sp.Client("aclosing"), sp.Probe()
        client.spawn_blocking(0.3, probe)
        assert probe.wait_started()
        future = client.aclose()
        del client
        gc.collect()
        assert await future is None

    loops.run(main())
    assert gone("aclosing")


@pytest.mark.parametrize("attached", [False, True])
def test_a_value_that_python_never_saw(attached):
    if attached:
        with unclosed():
            sp.make_and_drop(True)
    else:
        sp.make_and_drop(False)
    assert gone("rust")


def test_the_classes_of_an_object_that_extends_another():
    with pytest.warns(ResourceWarning) as caught:
        sp.Derived()
    assert {str(warning.message).split("`")[1] for warning in caught} == {"Base", "Derived"}
    assert gone("base")
    assert gone("derived")


def test_a_close_that_was_interrupted_goes_on_when_it_is_dropped():
    client, probe = sp.Client("half"), sp.Probe()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    with pytest.raises(sp.ShutdownTimeout):
        client.close(0.1)
    del client
    gc.collect()
    probe.release()
    assert gone("half")


def test_the_place_in_python():
    tracemalloc.start(5)
    try:
        client = sp.Client()
        line = sys._getframe().f_lineno - 1
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            del client
        traceback = tracemalloc.get_object_traceback(caught[0].source)
    finally:
        tracemalloc.stop()
    assert traceback[-1].filename == __file__
    assert traceback[-1].lineno == line


def test_without_tracemalloc_there_is_no_source():
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sp.Client()
    assert caught[0].source is None
    assert caught[0].filename == __file__


def test_a_warning_that_is_an_error_is_unraisable(monkeypatch):
    seen = []
    monkeypatch.setattr(sys, "unraisablehook", lambda unraisable: seen.append((unraisable.exc_value, unraisable.object)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        sp.Client("error")
    [(error, what)] = seen
    assert isinstance(error, ResourceWarning)
    assert "`Client`" in what
    assert gone("error")


def test_a_warning_that_is_ignored():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        sp.Client("ignored")
    assert gone("ignored")


def test_an_exception_on_its_way_survives():
    def fail():
        raise KeyError("mine")

    # The list's first item is dropped while the exception unwinds what was made for the list.
    with unclosed(), pytest.raises(KeyError, match="mine"):
        [sp.Client(), fail()]
    with warnings.catch_warnings(), pytest.raises(KeyError, match="mine"):
        warnings.simplefilter("error")
        sys.unraisablehook, before = (lambda _: None), sys.unraisablehook
        try:
            [sp.Client(), fail()]
        finally:
            sys.unraisablehook = before


def new_threads(before):
    return collections.Counter(os_threads()) - collections.Counter(before)


def test_nothing_is_left():
    for _ in range(3):
        with sp.Client("cycle"):
            pass
    wait_until(lambda: not {"cycle", "sundown-reaper"} & set(os_threads()))
    threads, before = os_threads(), descriptors()
    for number in range(50):
        client = sp.Client("cycle")
        if number % 2:
            client.close()
            del client
        else:
            with unclosed():
                del client
    # What another test has left may have been there when it was counted.
    wait_until(lambda: not new_threads(threads) and descriptors().items() <= before.items())
    assert not new_threads(threads)
    assert descriptors().items() <= before.items()


def test_pythons_own_loop_stays_unharmed(loops):
    async def main():
        clients = [sp.Client("gathered") for _ in range(20)]
        await asyncio.gather(*(client.aclose() for client in clients))
        assert all(client.closed for client in clients)

    loops.run(main())
    assert gone("gathered")


class TestSeveralAtOnce:
    """Ten that are stuck, and were made before the first of them is dropped: they share one half second."""

    SHORT = 4.5  # Ten half seconds are five.

    @staticmethod
    def stuck(number=10):
        clients, probe = [sp.Client("several") for _ in range(number)], sp.Probe()
        for client in clients:
            client.spawn_blocking(60, probe)
        assert probe.wait_started(number)
        return clients, probe

    @pytest.mark.parametrize("how", ["list", "garbage", "one by one", "in a del"])
    def test_they_share_the_wait(self, how):
        clients, probe = self.stuck()
        if how == "garbage":
            for client in clients:
                client.anything = clients
        elif how == "in a del":

            class Owner:
                def __init__(self, client):
                    self.client = client

                def __del__(self):
                    del self.client

            clients = [Owner(clients.pop()) for _ in range(10)]
        client = None
        with unclosed():
            before = time.monotonic()
            if how == "one by one":
                while clients:
                    clients.pop()
            del client, clients
            gc.collect()
            took = time.monotonic() - before
        probe.release()
        assert 0.4 < took < self.SHORT
        assert gone("several")

    def test_those_that_are_made_later_have_their_own(self):
        """What is dropped at once with others that are stuck waits for no one; what is made afterwards is waited for."""
        clients, probe = self.stuck(2)
        with unclosed():
            del clients
        for _ in range(3):
            client, own = sp.Client("later"), sp.Probe()
            client.spawn_blocking(0.1, own)
            assert own.wait_started()
            before = time.monotonic()
            with unclosed():
                del client
            assert own.dropped == 1 or time.monotonic() - before > 0.4, "the drop has waited for it, as long as it may"
        probe.release()
        assert gone("several")

    def test_each_thread_has_its_own(self):
        clients, probe = self.stuck(4)
        boxes = [[client] for client in clients]
        del clients
        taken = []

        def work(box):
            before = time.monotonic()
            box.clear()
            taken.append(time.monotonic() - before)

        with unclosed():
            threads = [threading.Thread(target=work, args=(box,)) for box in boxes]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(30)
        probe.release()
        assert len(taken) == 4
        assert min(taken) > 0.4
        assert gone("several")
