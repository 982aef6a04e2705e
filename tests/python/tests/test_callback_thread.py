"""Callables that Rust calls where no loop runs: on a thread that they share."""

import ctypes
import gc
import linecache
import select
import sys
import threading
import time

import pytest
import sundown_pytest as sp
from between_bytecodes import Own, Raises
from conftest import wait_until


def serving_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith("sundown-callback")]


def send(ident, kind):
    """Raises an exception on a thread, when it next runs Python code."""
    assert ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(ident), ctypes.py_object(kind)) == 1


def is_idle(ident):
    """Whether the thread is where it waits for calls. One that has just answered a call is still in it: what is sent to it there
    ends that call, which nobody sees."""
    frame = sys._current_frames()[ident]
    return linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() == "poller.poll()"


class TestWithoutALoop:
    """All callbacks that are made where no loop runs share a thread."""

    def test_they_share_one_thread(self):
        assert wait_until(lambda: not serving_threads())
        callbacks = [sp.Called(lambda _: threading.get_ident()) for _ in range(50)]
        idents = {callback.call(None) for callback in callbacks}
        assert len(idents) == 1
        assert threading.get_ident() not in idents
        assert len(serving_threads()) == 1
        del callbacks[1:]
        assert {callback.call(None) for callback in callbacks} == idents, "it serves those that are left"
        callbacks.clear()
        assert wait_until(lambda: not serving_threads()), "it ends with the last"
        assert sp.Called(lambda x: x + 1).call(1) == 2, "the next has a new one"

    def test_made_by_threads_at_once(self):
        for _ in range(20):
            made, barrier = [], threading.Barrier(8)

            def make(made=made, barrier=barrier):
                barrier.wait()
                made.append(sp.Called(lambda x: x))

            threads = [threading.Thread(target=make) for _ in range(8)]
            [thread.start() for thread in threads]
            [thread.join(30) for thread in threads]
            assert [called.call(1) for called in made] == [1] * 8
            made.clear()
        assert wait_until(lambda: not serving_threads())

    def test_an_error_harms_no_other(self):
        def fails(_):
            raise Own("text")

        one, other = sp.Called(fails), sp.Called(lambda x: x)
        with pytest.raises(Own, match="text"):
            one.call(None)
        assert other.call(1) == 1

    def test_an_exception_that_is_sent_to_the_thread(self, monkeypatch):
        """By a debugger, or a limit of time: it ends no thread that others need."""
        reported = []
        monkeypatch.setattr(threading, "excepthook", reported.append)
        one, other = sp.Called(lambda _: threading.get_ident()), sp.Called(lambda x: x)
        ident = one.call(None)
        for count in range(1, 4):
            assert wait_until(lambda: is_idle(ident))
            send(ident, Own)
            assert other.call(count) == count
            assert wait_until(lambda: len(reported) == count), "where nothing was called"  # noqa: B023
        assert {arguments.exc_type for arguments in reported} == {Own}
        assert one.call(None) == ident

    def test_an_exception_that_is_sent_during_a_call(self):
        called = threading.Event()

        def stuck(_):
            called.set()
            while True:
                time.sleep(0.001)

        one, other = sp.Called(stuck), sp.Called(lambda x: x)
        ident = sp.Called(lambda _: threading.get_ident()).call(None)
        sender = threading.Thread(target=lambda: called.wait(30) and send(ident, Own))
        sender.start()
        with pytest.raises(Own):
            one.call(None)
        sender.join()
        assert other.call(1) == 1

    def test_a_thread_that_cannot_serve(self, monkeypatch):
        def fails():
            raise OSError("no descriptors")

        assert wait_until(lambda: not serving_threads())
        with monkeypatch.context() as patched:
            patched.setattr(select, "poll", fails)
            with pytest.raises(OSError, match="no descriptors"):
                sp.Called(lambda x: x)
        assert not serving_threads()
        assert sp.Called(lambda x: x).call(1) == 1, "the next has one"

    def test_in_a_forked_child(self, script):
        out = script(
            """
            import warnings
            warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
            called = sp.Called(lambda x: x)
            print(called.call(1), flush=True)
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                try:
                    called.call(1)
                except sp.ForkedProcessError:
                    print(sp.Called(lambda x: x).call(2), flush=True)
                os._exit(0)
            print(os.waitpid(pid, 0)[1], called.call(3))
            """,
            forks=True,
        )
        assert out == "1\n2\n0 3\n"


def answered(called, argument):
    try:
        return called.call(argument)
    except Own:
        return None


@pytest.mark.parametrize("function", ["serve", "perform"])
def test_an_exception_between_any_two_bytecodes_loses_no_call(function, monkeypatch):
    """Nor is it lost itself: a call fails with it, or it is reported."""
    reported = []
    monkeypatch.setattr(threading, "excepthook", reported.append)
    with Raises(function) as looks:
        called = sp.Called.on_thread(lambda x: x)
        assert [called.call(x) for x in range(3)] == [0, 1, 2]
        places = looks.after_the_start() if function == "serve" else list(looks.places)
    assert len(places) > 20, places
    for place in places:
        reported.clear()
        with Raises(function, place) as raises:
            called = sp.Called.on_thread(lambda x: x)
            # One of them may have met it.
            answers = [answered(called, x) for x in range(5)]
            assert [x for x, answer in enumerate(answers) if answer not in (x, None)] == [], place
            assert called.call(6) == 6, place
            assert raises.place is None, "it was raised"
            assert answers.count(None) + len(reported) == 1, (place, answers, reported)
            del called


def test_a_kept_exception_keeps_nothing_of_the_thread():
    from conftest import descriptors

    def fails(_):
        raise Own("kept")

    with pytest.raises(Own):
        sp.Called.on_thread(fails).call(None)  # the runtime has descriptors of its own
    gc.collect()
    before, kept = len(descriptors()), []
    for _ in range(20):
        own = sp.Called.on_thread(fails)
        with pytest.raises(Own) as caught:
            own.call(None)
        kept.append(caught.value)
        del own, caught
    assert wait_until(lambda: gc.collect() >= 0 and len(descriptors()) <= before + 2), "a descriptor for each"
    assert len(kept) == 20
