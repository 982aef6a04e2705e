"""`coroutine_into_py`: real coroutines; and what is said where asyncio does not run."""

import asyncio
import contextvars
import gc
import importlib.util
import inspect
import os
import sys
import traceback
import types
import warnings

import pytest
import sundown_pytest as sp

WITH_TRIO = importlib.util.find_spec("trio") is not None


def test_a_real_coroutine():
    coroutine = sp.coroutine(0, "value")
    assert type(coroutine) is types.CoroutineType
    assert inspect.iscoroutine(coroutine)
    assert asyncio.run(coroutine) == "value", "made where no loop ran"


def test_what_takes_only_coroutines(all_loops):
    async def main():
        assert await sp.coroutine(0, 1) == 1
        assert await asyncio.create_task(sp.coroutine(0.001, 2)) == 2
        assert await asyncio.wait_for(sp.coroutine(0, 3), 20) == 3
        assert await asyncio.gather(*(sp.coroutine(0, number) for number in range(100))) == list(range(100))
        if sys.version_info >= (3, 11):
            async with asyncio.TaskGroup() as group:
                tasks = [group.create_task(sp.coroutine(0.001, number)) for number in range(10)]
            assert [task.result() for task in tasks] == list(range(10))
        runtime = sp.Runtime("of its own")
        assert await asyncio.create_task(runtime.coroutine(0, 4)) == 4
        await runtime.aclose()

    all_loops.run(main())


def test_nothing_runs_before_it_is_awaited(all_loops):
    async def main():
        probe = sp.Probe()
        coroutine = sp.coroutine(0, None, probe)
        await asyncio.sleep(0.01)
        assert not probe.started
        await coroutine
        assert probe.started
        with pytest.raises(RuntimeError, match="cannot reuse already awaited coroutine"):
            await coroutine

    all_loops.run(main())


def test_one_that_nobody_awaits_warns_and_drops_its_future():
    probe = sp.Probe()
    with pytest.warns(RuntimeWarning, match="coroutine 'rust_coroutine' was never awaited"):
        sp.coroutine(0, None, probe)
        gc.collect()
    assert probe.dropped == 1
    closed = sp.coroutine(0)
    closed.close()


def test_a_cancellation_drops_the_rust_future(all_loops):
    async def main():
        probe = sp.Probe()
        task = asyncio.create_task(sp.coroutine(60, None, probe))
        while not probe.started:
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped)

    all_loops.run(main())


def test_an_error_has_its_traceback(all_loops):
    async def main():
        with pytest.raises(ValueError, match="^raised$") as caught:
            await sp.failing_coroutine(ValueError("raised"))
        names = [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]
        assert names[-1] == "rust_coroutine"

    all_loops.run(main())


def test_the_context_is_the_tasks(all_loops):
    variable = contextvars.ContextVar("variable", default="outside")

    async def main():
        coroutine = sp.calling_coroutine(variable.get)
        variable.set("of the task")
        assert await coroutine == "of the task"

    all_loops.run(main())


def test_a_forked_child_does_not_run_what_its_parent_made():
    coroutine = sp.coroutine(0)
    child = os.fork()
    if child == 0:
        try:
            coroutine.send(None)
        except sp.ForkedProcessError as error:
            os._exit(0 if "this coroutine belongs to the parent process" in str(error) else 2)
        finally:
            os._exit(3)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    coroutine.close()


def test_without_a_loop_it_is_a_plain_runtime_error():
    with pytest.raises(RuntimeError, match="no running event loop") as caught:
        sp.sleep(0)
    assert not isinstance(caught.value, sp.NeedsAsyncioError)
    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.coroutine(0).send(None)


@pytest.mark.skipif(not WITH_TRIO, reason="trio has no wheel for this interpreter")
def test_trio_users_hear_it_at_the_beginning_of_async_with():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # trio's own, on interpreters that are newer than it
        import trio

        async def main():
            tool = sp.LazyTool()
            with pytest.raises(sp.NeedsAsyncioError, match="trio"):
                async with tool:
                    pytest.fail("the block is not entered")
            assert not tool.closed
            tool.close()

        trio.run(main)


@pytest.mark.skipif(not WITH_TRIO, reason="trio has no wheel for this interpreter")
def test_a_subclass_that_closes_with_trio():
    """Its own `aclose` needs no asyncio, so that `async with` does not either."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # trio's own, on interpreters that are newer than it
        import trio

    class Tool(sp.Base):
        async def aclose(self):
            await trio.to_thread.run_sync(self.close)

    class Deeper(Tool):
        pass

    async def main():
        for kind in [Tool, Deeper]:
            async with kind() as tool:
                assert not tool.closed
            assert tool.closed

    trio.run(main)


@pytest.mark.skipif(not WITH_TRIO, reason="trio has no wheel for this interpreter")
def test_trio_users_hear_that_asyncio_is_needed():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # trio's own, on interpreters that are newer than it
        import trio

    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.sleep(0)

    async def main():
        for awaitable in [lambda: sp.sleep(0), lambda: sp.coroutine(0)]:
            with pytest.raises(sp.NeedsAsyncioError, match="^an asyncio event loop is needed, but trio runs here$"):
                await awaitable()
        return "run"

    assert trio.run(main) == "run"


def test_other_libraries_are_found_as_sniffio_finds_them(monkeypatch):
    sniffio = types.ModuleType("sniffio")
    sniffio.thread_local = types.SimpleNamespace(name="curio")
    monkeypatch.setitem(sys.modules, "sniffio", sniffio)
    with pytest.raises(sp.NeedsAsyncioError, match="but curio runs here"):
        sp.sleep(0)
    sniffio.thread_local.name = None
    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.sleep(0)
