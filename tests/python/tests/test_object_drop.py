"""Classes with `#[pyclass_teardown]` that nobody closes: where the last reference goes, and what is said."""

import asyncio
import gc
import os
import sys
import threading
import time
import tracemalloc
import warnings
import weakref

import pytest
import sundown_pytest as sp
from conftest import descriptors, os_threads, wait_until

PLACES = ["own worker", "own blocking thread", "another worker", "a thread"]


def gone(name):
    wait_until(lambda: name not in os_threads())
    return name not in os_threads()


def unclosed(name="Client"):
    return pytest.warns(ResourceWarning, match=rf"^unclosed `{name}` \(created at .*\.rs:\d+:\d+\)$")


def test_a_drop_closes():
    client, probe = sp.Client("drops"), sp.Probe()
    client.spawn_never(probe)
    assert probe.wait_started()
    with unclosed():
        del client
    assert probe.dropped == 1, "the drop has waited for it"
    assert gone("drops")


def test_a_drop_says_nothing_once_closed():
    client = sp.Client()
    client.close()
    del client
    with sp.Client():
        pass
    gc.collect()


def test_a_drop_waits_for_half_a_second_at_most():
    client, probe = sp.Client("late"), sp.Probe()
    client.spawn_blocking(1.5, probe)
    assert probe.wait_started()
    before = time.monotonic()
    with unclosed():
        del client
    assert time.monotonic() - before < 1.2
    assert gone("late")


def test_the_wait_lets_other_threads_run():
    client, probe = sp.Client(), sp.Probe()
    client.spawn_blocking(0.3, probe)
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
    assert sum(before < at < after for at in ticks) > 5


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
        client.spawn_blocking(0.5, probe)
        assert probe.wait_started()
        before = time.monotonic()
        with unclosed():
            del client
        assert time.monotonic() - before < 0.3, "the loop is not blocked"

    loops.run(main())
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
    assert time.monotonic() - before < 2
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
    client.spawn_blocking(1.0, probe)
    assert probe.wait_started()
    with pytest.raises(sp.ShutdownTimeout):
        client.close(0.1)
    del client
    gc.collect()
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
    wait_until(lambda: os_threads() == threads)
    assert os_threads() == threads
    assert descriptors() == before


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child(script):
    out = script(
        """
        import warnings
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        warnings.filterwarnings("error", category=ResourceWarning)
        client, other, probe = sp.Client(), sp.Client(), sp.Probe()
        client.spawn_never(probe)
        assert probe.wait_started()
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            for call in (client.get, client.close, lambda: client.shutdown_report):
                try:
                    call()
                    os._exit(1)
                except sp.ForkedProcessError as error:
                    assert "`Client` belongs to the parent" in str(error)
            assert client.closed
            assert repr(client) == "<Client client>"
            del client
            with sp.Client("child") as own:
                assert own.get() == "child"
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
        print(client.get(), probe.dropped)
        client.close()
        print(probe.dropped)
        other.close()
        """,
        forks=True,
    )
    assert out == "0\nclient 0\n1\n"


def test_ctrl_c_interrupts_a_close(start):
    process = start(
        """
        client, probe = sp.Client(), sp.Probe()
        client.spawn_blocking(30, probe)
        assert probe.wait_started()
        print("closing", flush=True)
        try:
            client.close(60)
        except KeyboardInterrupt:
            print("interrupted", client.closed, client.shutdown_report, flush=True)
        before = time.monotonic()
        try:
            client.close(0.2)
        except sp.ShutdownTimeout:
            print("closed", time.monotonic() - before < 5)
        os._exit(0)
        """
    )
    assert process.line() == "closing"
    pause = threading.Event()
    pause.wait(0.3)
    import signal

    process.process.send_signal(signal.SIGINT)
    assert process.wait().out == "interrupted True None\nclosed True\n"


EXIT = {
    "open": "client = sp.Client()",
    "with work": "client, probe = sp.Client(), sp.Probe(); client.spawn_never(probe); probe.wait_started()",
    "closed": "client = sp.Client(); client.close()",
    "borrowed by a daemon thread": (
        "client, probe = sp.Client(), sp.Probe()\n"
        "threading.Thread(target=lambda: client.work_quietly(60, probe), daemon=True).start()\n"
        "probe.wait_started()"
    ),
    "every kind": "client = sp.Tool()",
    "extends": "client = sp.Derived()",
    "unsendable": "client = sp.Local()",
    "made in Rust": "client = sp.connect(False), sp.connect(True)",
    "in a cycle": "client = sp.Client(); client.anything = [client]; del client; gc.disable()",
    "a daemon thread closes, and it is stuck": (
        "client, probe = sp.Client(), sp.Probe(); client.spawn_blocking(60, probe); probe.wait_started()\n"
        "threading.excepthook = lambda _: None\n"
        "threading.Thread(target=lambda: client.close(60), daemon=True).start()\n"
        "while not client.closed: pass"
    ),
    "a daemon thread drops, and it is stuck": (
        "client, probe = sp.Client(), sp.Probe(); client.spawn_blocking(60, probe); probe.wait_started()\n"
        "import warnings; warnings.simplefilter('ignore'); box = [client]; del client\n"
        "threading.Thread(target=box.clear, daemon=True).start()\n"
        "while box: pass"
    ),
    "ten that are stuck": (
        "clients, probe = [sp.Client() for _ in range(10)], sp.Probe()\n"
        "[client.spawn_blocking(60, probe) for client in clients]\n"
        "probe.wait_started(10)"
    ),
}


@pytest.mark.parametrize("code", EXIT.values(), ids=EXIT.keys())
def test_exit(start, code):
    process = start(
        f"import gc\n{code}\nprint('exits', flush=True)",
        env={"SUNDOWN_EXIT_TIMEOUT": "0.3", "SUNDOWN_EXIT_REPORT": "1"},
    )
    assert process.line() == "exits"
    before = time.monotonic()
    ended = process.wait()
    took = time.monotonic() - before
    assert ended.returncode == 0, ended
    assert "Traceback" not in ended.err, ended
    assert "Warning" not in ended.err, ended
    assert "inside Python" not in ended.err, ended
    assert took < 3, ended


def test_exit_keeps_the_order(start):
    ended = start(
        "tool = sp.Tool()\natexit.register(lambda: None)", env={"SUNDOWN_EXIT_REPORT": "1"}
    ).wait()
    lines = [line for line in ended.err.splitlines() if "Tool." in line]
    assert len(lines) == 6, ended
    assert all("stopped" in line for line in lines), ended
    top = [line for line in ended.err.splitlines() if line.startswith(("|- ", "`- "))]
    assert not any(line.startswith(("|- tool ", "|- tool loop ", "`- tool ")) for line in top), "they are the object's"
    assert ended.returncode == 0


def test_close_in_an_atexit_handler(script):
    out = script(
        """
        client = sp.Client()
        def late():
            client.close()
            print(client.closed)
        atexit.register(late)
        """
    )
    assert out == "True\n"


def test_close_after_the_exit_has_closed_it(script):
    out = script(
        """
        import atexit
        box = []
        def late():
            box[0].close()
            print(box[0].closed)
            try:
                box[0].get()
            except RuntimeError as error:
                print(type(error).__name__)
        atexit.register(late)
        import sundown_pytest as sp
        box.append(sp.Client())
        """,
        prelude="",
    )
    assert out == "True\nShutdownError\n"


def test_asyncio_debug_and_dev_mode(start):
    ended = start(
        """
        async def main():
            async with sp.Client():
                pass
        asyncio.run(main(), debug=True)
        """,
        env={"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "5"},
    ).wait()
    assert ended.returncode == 0, ended
    assert "Warning" not in ended.err, ended


def test_pythons_own_loop_stays_unharmed(loops):
    async def main():
        clients = [sp.Client("gathered") for _ in range(20)]
        await asyncio.gather(*(client.aclose() for client in clients))
        assert all(client.closed for client in clients)

    loops.run(main())
    assert gone("gathered")
