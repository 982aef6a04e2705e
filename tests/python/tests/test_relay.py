"""The thread that wakes a loop which neither watches descriptors nor receives from sockets."""

import asyncio
import gc
import threading

import pytest
import sundown_pytest as sp
from between_bytecodes import Raises
from conftest import Loops, descriptors, wait_until
from proactor_loop import ProactorLoop

LOOPS = Loops("without-add-reader")


class Seen:
    """The threads of this name that begin meanwhile."""

    def __init__(self, monkeypatch):
        self.threads = []
        start = threading.Thread.start

        def seen(thread):
            if thread.name == "sundown-relay":
                self.threads.append(thread)
            start(thread)

        monkeypatch.setattr(threading.Thread, "start", seen)

    def join(self):
        """To be called when their loops are closed."""
        for thread in self.threads:
            thread.join(30)
            assert not thread.is_alive(), "its loop is closed, and it waits"
        count = len(self.threads)
        self.threads.clear()
        return count


async def three():
    for x in range(3):
        assert await asyncio.wait_for(sp.sleep(0.001, x), 30) == x


def test_it_ends_with_its_loop(monkeypatch):
    LOOPS.run(three())
    seen = Seen(monkeypatch)
    before = len(descriptors())
    LOOPS.run(three())
    assert seen.join() == 1
    gc.collect()
    assert wait_until(lambda: len(descriptors()) <= before), (before, descriptors())


@pytest.mark.parametrize("function", ["relay", "wake_loop"])
def test_an_exception_between_any_two_bytecodes_stops_no_loop(function, monkeypatch):
    """Nor the thread, which goes on, and ends with its loop."""
    reported = []
    seen = Seen(monkeypatch)
    monkeypatch.setattr(threading, "excepthook", reported.append)  # What it keeps must not keep the bridge.
    with Raises(function) as looks:
        LOOPS.run(three())
        assert seen.join() == 1
        places = looks.after_the_start() if function == "relay" else list(looks.places)
    assert len(places) > 15, places
    met = 0
    for place in places:
        with Raises(function, place) as raises:
            LOOPS.run(three())
            assert seen.join() == 1, place
            met += raises.place is None
        assert len(reported) <= 1, place
        reported.clear()
    assert met > 15


def test_a_loop_that_takes_no_call(monkeypatch):
    """The thread does not ask for good: it closes the bridge, and the next use makes another."""
    reported = []
    seen = Seen(monkeypatch)
    monkeypatch.setattr(threading, "excepthook", reported.append)

    def refuses(*_, **__):
        raise OSError("refused")

    async def main():
        assert await sp.ready(1) == 1
        with monkeypatch.context() as patch:
            patch.setattr(asyncio.get_running_loop(), "call_soon_threadsafe", refuses)
            lost = sp.sleep(0.001, 1)
            assert seen.join() == 1
        assert await asyncio.wait_for(sp.ready(2), 30) == 2
        assert not lost.done()

    LOOPS.run(main())
    assert [str(arguments.exc_value) for arguments in reported] == ["refused"] * 3


def test_ctrl_c_when_another_thread_has_begun(monkeypatch):
    """The loop begins again: the thread that it forgets ends, and leaves it its bridge."""

    class GivesUp(ProactorLoop):
        fails = False

        async def sock_recv(self, *arguments):
            if self.fails:
                raise OSError("gives up")
            return await super().sock_recv(*arguments)

    seen = Seen(monkeypatch)
    start = threading.Thread.start

    def interrupted(thread):
        start(thread)
        if len(seen.threads) == 1:
            raise KeyboardInterrupt

    async def begin():
        assert await sp.ready(1) == 1
        return [sp.sleep(0.001, x) for x in range(3)]

    async def collect(futures):
        return await asyncio.wait_for(asyncio.gather(*futures), 30)

    loop = GivesUp()
    try:
        waiting = loop.create_task(collect(loop.run_until_complete(begin())))
        GivesUp.fails = True
        monkeypatch.setattr(threading.Thread, "start", interrupted)
        with pytest.raises(KeyboardInterrupt):
            loop.run_until_complete(waiting)
        assert len(seen.threads) == 1
        loop.run_until_complete(asyncio.sleep(0))
        assert len(seen.threads) == 2
        forgotten = seen.threads.pop(0)
        forgotten.join(30)
        assert not forgotten.is_alive()
        assert loop.run_until_complete(waiting) == [0, 1, 2]
    finally:
        loop.close()
    assert seen.join() == 1
