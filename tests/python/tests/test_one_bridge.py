"""A loop has one bridge, whichever threads use it first: what is cancelled is looked for there."""

import asyncio
import contextlib
import itertools
import sys
import threading

import pytest
import sundown_pytest as sp


class Pause:
    """Traces a thread, and pauses it at the n-th line of the bridge's that it comes to."""

    def __init__(self, line):
        self.left = line
        self.paused = threading.Event()
        self.goes_on = threading.Event()

    def trace(self, frame, event, _):
        if "glue" not in frame.f_globals["__name__"]:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                self.paused.set()
                assert self.goes_on.wait(60)
        return self.trace

    def run(self, function):
        sys.settrace(self.trace)
        try:
            return function()
        finally:
            sys.settrace(None)


@contextlib.contextmanager
def running_loop():
    """One that runs on a thread, and whose bridge was closed: the loop refused it, once."""
    loop = asyncio.SelectorEventLoop()

    def refuse(*_, **__):
        del loop.call_soon_threadsafe
        raise LookupError("refused")

    loop.call_soon_threadsafe = refuse
    with pytest.raises(LookupError, match="refused"):
        sp.sleep_with_locals(sp.Locals(loop), 0)
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        yield loop
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join(60)
        loop.close()


class Awaited:
    """A Python coroutine that Rust awaits for a Python future, and that waits until it is cancelled."""

    def __init__(self, loop):
        self.loop = loop
        self.began = threading.Event()
        self.cancelled = threading.Event()
        self.future = None

    def begin(self):
        self.future = sp.relay_with_locals(self.wait(), sp.Locals(self.loop))

    async def wait(self):
        self.began.set()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self.cancelled.set()
            raise


def use_in_two_threads(loop, line):
    """False once the first thread has fewer lines."""
    one, other, pause = Awaited(loop), Awaited(loop), Pause(line)
    thread = threading.Thread(target=pause.run, args=(one.begin,))
    thread.start()
    while thread.is_alive() and not pause.paused.wait(0.01):
        pass
    other.begin()
    pause.goes_on.set()
    thread.join(60)
    for awaited in (one, other):
        assert awaited.began.wait(60)
    for awaited in (one, other):
        loop.call_soon_threadsafe(awaited.future.cancel)
        assert awaited.cancelled.wait(60), line
    return pause.paused.is_set()


def test_two_threads_that_find_a_closed_one():
    for line in itertools.count(1):
        with running_loop() as loop:
            if not use_in_two_threads(loop, line):
                break
    assert line > 15, "it saw the lines"
