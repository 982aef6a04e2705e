"""Scripts that end, are late, are abandoned, and a tool that is dropped."""

import asyncio
import threading
import time
import warnings

from sundown_demo import ScriptedTool

from .proof import Say


class Sleep:
    """An async command that notes how it ends."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.ended = threading.Event()
        self.observed = ""

    async def __call__(self, seconds: str) -> str:
        self.began.set()
        try:
            await asyncio.sleep(float(seconds))
            return f"slept for {seconds} s"
        except BaseException as error:
            self.observed = type(error).__name__
            raise
        finally:
            self.ended.set()


def act(say: Say) -> None:
    with ScriptedTool() as tool:
        tool.add("greet", lambda name: f"Hello, {name}")
        tool.add("sleep", Sleep())
        say("execute", tool.execute("greet Alice\nsleep 0.1\ngreet Bob").strip())

        late = Sleep()
        tool.add("sleep", late)
        try:
            tool.execute("sleep 30", session="late", timeout=0.2)
        except TimeoutError as error:
            late.ended.wait()
            say("time out", f"{error}; the command has observed {late.observed}")

    tool, abandoned = ScriptedTool(), Sleep()
    tool.add("sleep", abandoned)
    tool.start("sleep 30")
    abandoned.began.wait()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        start = time.monotonic()
        del tool
        elapsed = time.monotonic() - start
    say("drop", f"took {elapsed * 1000:.0f} ms; {caught[0].category.__name__}: {caught[0].message}")
    abandoned.ended.wait()
    say("abandon", f"the command has observed {abandoned.observed}")
