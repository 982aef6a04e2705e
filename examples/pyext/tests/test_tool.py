"""`ScriptedTool`: callbacks on private loops: execute, time out, abandon, drop."""

import asyncio
import gc
import threading
import time
import weakref

import pytest
from conftest import wait_until
from sundown_demo import ScriptedTool, ShutdownError, ShutdownTimeout


class Sleeper:
    """A command that sleeps for 30 seconds, and notes how that ends."""

    def __init__(self):
        self.began = threading.Event()
        self.observed = None
        self.over = threading.Event()

    async def __call__(self):
        self.began.set()
        try:
            await asyncio.sleep(30)
        except BaseException as error:
            self.observed = type(error)
            raise
        finally:
            self.over.set()


@pytest.fixture
def tool():
    with ScriptedTool() as tool:
        tool.add("say", lambda *words: " ".join(words))
        tool.add("nothing", lambda: None)
        tool.add("asay", asay)
        yield tool


async def asay(*words):
    await asyncio.sleep(0)
    return " ".join(words)


def test_a_script_prints_what_its_commands_return(tool):
    assert tool.execute("say Hello  world # a comment\n\nnothing\nasay and\n") == "Hello world\nand\n"


def test_a_script_is_an_awaitable_too(tool):
    async def main():
        scripts = [tool.aexecute(f"asay {number}", session=str(number % 3)) for number in range(30)]
        assert await asyncio.gather(*scripts) == [f"{number}\n" for number in range(30)]

    asyncio.run(main())


def test_a_command_fails(tool):
    tool.add("fail", lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        tool.execute("say before\nfail\nsay after")
    with pytest.raises(ValueError, match="unknown command `nonsense`"):
        tool.execute("nonsense")
    with pytest.raises(TypeError, match="a command is callable, and 1 is not"):
        tool.add("one", 1)


def test_each_session_has_a_loop_and_a_thread_of_its_own(tool):
    async def where():
        return f"{threading.current_thread().name} {id(asyncio.get_running_loop())}"

    tool.add("where", where)
    first, second = tool.execute("where", session="first"), tool.execute("where", session="second")
    assert first.split()[0] == "first" and second.split()[0] == "second"
    assert first != second
    assert tool.execute("where", session="first") == first


def test_a_command_cannot_wait_for_its_own_session(tool):
    tool.add("again", lambda: tool.execute("say never"))
    with pytest.raises(RuntimeError, match="a command of `main` cannot wait for `main`"):
        tool.execute("again")
    tool.add("elsewhere", lambda: tool.execute("say there", session="other").strip())
    assert tool.execute("elsewhere") == "there\n"


def test_a_command_that_is_late_observes_cancelled_error_and_the_drop_is_quick():
    tool, sleeper = ScriptedTool(), Sleeper()
    tool.add("sleep", sleeper)
    with pytest.raises(TimeoutError, match="the script did not end within 1.5 s"):
        tool.execute("sleep", timeout=1.5)
    assert sleeper.over.wait(30) and sleeper.observed is asyncio.CancelledError
    start = time.monotonic()
    with pytest.warns(ResourceWarning, match="unclosed `ScriptedTool`"):
        del tool
        gc.collect()
    assert time.monotonic() - start < 20


def test_an_abandoned_script_observes_cancelled_error_when_the_tool_is_dropped():
    tool, sleeper = ScriptedTool(), Sleeper()
    tool.add("sleep", sleeper)
    tool.start("sleep")
    assert sleeper.began.wait(30)
    start = time.monotonic()
    with pytest.warns(ResourceWarning):
        del tool
        gc.collect()
    assert time.monotonic() - start < 20
    assert sleeper.over.wait(30) and sleeper.observed is asyncio.CancelledError


def test_a_cancelled_awaitable_cancels_its_command(tool):
    sleeper = Sleeper()
    tool.add("sleep", sleeper)

    async def main():
        future = tool.aexecute("sleep")
        assert await asyncio.get_running_loop().run_in_executor(None, sleeper.began.wait, 30)
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(future, 0.01)

    asyncio.run(main())
    assert sleeper.over.wait(30) and sleeper.observed is asyncio.CancelledError


def test_the_end_of_a_session_cancels_what_runs_in_it(tool):
    sleeper = Sleeper()
    tool.add("sleep", sleeper)
    tool.start("sleep", session="short")
    assert sleeper.began.wait(30)
    tool.end("short")
    assert sleeper.observed is asyncio.CancelledError
    with pytest.raises(ValueError, match="there is no session `short`"):
        tool.end("short")
    assert tool.execute("say anew", session="short") == "anew\n"


class Hungry:
    """A command that needs the GIL, and holds its loop until `enough` is set."""

    def __init__(self):
        self.began = threading.Event()
        self.enough = threading.Event()

    def __call__(self):
        self.began.set()
        while not self.enough.is_set():
            sum(range(100))


def test_dropped_while_a_command_needs_the_gil():
    tool, hungry = ScriptedTool(), Hungry()
    tool.add("eat", hungry)
    tool.start("eat")
    assert hungry.began.wait(30)
    start = time.monotonic()
    with pytest.warns(ResourceWarning):
        del tool
        gc.collect()
    elapsed = time.monotonic() - start
    hungry.enough.set()
    assert elapsed < 20


def test_closed_while_a_command_needs_the_gil():
    tool, hungry = ScriptedTool(), Hungry()
    tool.add("eat", hungry)
    tool.start("eat", session="kitchen")
    assert hungry.began.wait(30)
    with pytest.raises(ShutdownTimeout) as caught:
        tool.close(timeout=0.3)
    hungry.enough.set()
    assert "kitchen" in caught.value.report and "Hungry" in caught.value.report
    assert isinstance(caught.value, TimeoutError)


def test_dropped_by_its_own_command():
    tools, over = [ScriptedTool()], threading.Event()

    def leave():
        tools.clear()
        over.set()

    tools[0].add("leave", leave)
    # The warning is raised on the session's thread.
    with pytest.warns(ResourceWarning):
        tools[0].start("leave")
        assert over.wait(30)
        wait_until(lambda: not threads_of_sessions())
    assert not threads_of_sessions()


def threads_of_sessions():
    return [thread for thread in threading.enumerate() if thread.name == "main"]


def test_a_tool_in_a_cycle_is_collected():
    tool = ScriptedTool()

    def command():
        return repr(tool)

    tool.add("me", command)
    assert tool.execute("me") == "<ScriptedTool: me>\n"
    seen = weakref.ref(command)
    tool.close()
    del tool, command
    gc.collect()
    assert seen() is None


def test_a_closed_tool_says_so():
    tool = ScriptedTool()
    tool.add("say", lambda word: word)
    with tool:
        tool.execute("say hello")
    tool.close()
    with pytest.raises(ShutdownError, match="`ScriptedTool` is closed"):
        tool.execute("say hello")
