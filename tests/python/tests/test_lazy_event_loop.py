"""`LazyEventLoop`: started at first use."""

import asyncio
import threading

import pytest
import sundown_pytest as sp
from conftest import wait_until


def name():
    return threading.current_thread().name


def is_running():
    return "lazy" in [thread.name for thread in threading.enumerate()]


def gone():
    return wait_until(lambda: not is_running())


def test_it_is_started_once():
    with sp.LazyTool() as tool:
        assert not tool.started() and not is_running()
        assert tool.call(name) == "lazy"
        assert tool.started() and tool.start()
        assert is_running()
    assert gone()
    assert "LazyTool.callbacks" in tool.shutdown_report


def test_one_that_was_never_used_is_never_started():
    tool = sp.LazyTool()
    tool.close()
    with pytest.raises(sp.ShutdownError, match="before it was started"):
        tool.start_anyway()
    assert gone()


def test_a_factory_that_fails_is_tried_again():
    fails = [True]

    def factory():
        if fails.pop():
            raise OSError("no descriptors")
        return asyncio.new_event_loop()

    fails.insert(0, False)
    with sp.LazyTool(factory) as tool:
        with pytest.raises(OSError, match="no descriptors"):
            tool.start()
        assert not tool.started()
        assert tool.start()


def test_a_factory_that_uses_the_loop():
    calls = []

    def factory():
        calls.append(None)
        if len(calls) < 3:
            tool.start()
        return asyncio.new_event_loop()

    with sp.LazyTool(factory) as tool:
        with pytest.raises(RuntimeError, match="its factory must not use it"):
            tool.start()
        assert len(calls) == 1 and not tool.started()
        calls.extend([None, None])
        assert tool.start(), "it is tried again"


def test_two_threads_start_one(all_loops):
    """Both are inside the factory at the same time: the loop of one is kept, and the other's stopped."""
    inside = threading.Barrier(2)
    made = []

    def factory():
        inside.wait(10)
        made.append(all_loops.new())
        return made[-1]

    with sp.LazyTool(factory) as tool:
        seen = []
        threads = [threading.Thread(target=lambda: seen.append(tool.call(asyncio.get_running_loop))) for _ in range(2)]
        [thread.start() for thread in threads]
        [thread.join(20) for thread in threads]
        assert len(made) == 2 and len(seen) == 2
        assert seen[0] is seen[1]
    assert gone()
    assert wait_until(lambda: all(loop.is_closed() for loop in made)), "the other one ends in the background"


def test_at_exit(script):
    out = script(
        """
        import threading
        tool, unused = sp.LazyTool(), sp.LazyTool()
        async def forever():
            started.set()
            try:
                await asyncio.sleep(100)
            finally:
                print("ended", flush=True)
        started = threading.Event()
        async def main():
            future = tool.call_async(forever)
            await asyncio.get_running_loop().run_in_executor(None, started.wait)
            keep.append(future)
        keep = []
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """
    )
    assert out == "ended\n"
