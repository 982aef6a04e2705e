"""Private event loops for tests: the fixture that makes them, and what is run on them."""

import asyncio
import threading

import pytest
import sundown_pytest as sp
from conftest import new_loop, uvloop_marks, wait_until

NAME = "own loop"


def loop_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith(NAME)]


@pytest.fixture(params=["asyncio", pytest.param("uvloop", marks=uvloop_marks()), "proactor", "without-add-reader"])
def make(request):
    """Makes loops, and sees to it that none of them outlives the test."""
    made = []

    def make(**arguments):
        if request.param != "asyncio":
            arguments.setdefault("factory", lambda: new_loop(request.param))
        made.append(sp.EventLoop(**arguments))
        return made[-1]

    yield make
    for own in made:
        try:
            own.close()
        except ValueError:  # dropped by the test
            pass
    made.clear()
    wait_until(lambda: not loop_threads())
    assert not loop_threads()


class Watch:
    """What became of a coroutine."""

    def __init__(self):
        self.begun = threading.Event()
        self.ended = threading.Event()
        self.error = None

    async def sleep(self, seconds=30):
        self.begun.set()
        try:
            await asyncio.sleep(seconds)
        except BaseException as error:
            self.error = type(error)
            raise
        finally:
            self.ended.set()


async def double(x):
    await asyncio.sleep(0)
    return 2 * x
