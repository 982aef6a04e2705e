"""An owned runtime: used, shut down, restarted, dropped anywhere."""

import asyncio
import gc
import threading
import time

import pytest
import sundown_pytest as sp
from conftest import descriptors, gone, wait_until

BOTH = pytest.mark.parametrize("current_thread", [False, True], ids=["multi-thread", "current-thread"])
PLACES = ["attached", "detached", "own_worker", "own_blocking", "another", "another_attached", "mid_await", "block_on"]


@BOTH
def test_it_works_and_stops(all_loops, current_thread):
    runtime = sp.Runtime("work", current_thread=current_thread)

    async def main():
        assert await asyncio.gather(*(runtime.sleep(0.001, i) for i in range(500))) == list(range(500))

    all_loops.run(main())
    assert runtime.block_on_sleep(0.01) == 0.01
    report = runtime.close()
    assert "work" in report
    assert gone("work")


@BOTH
def test_what_was_spawned_is_dropped_at_the_shutdown(current_thread):
    runtime = sp.Runtime("drops", current_thread=current_thread, seconds=60)
    probe = sp.Probe()
    for _ in range(50):
        runtime.spawn_never(probe)
    assert probe.wait_started(50)
    assert any("never" in name for name in runtime.running())
    before = time.monotonic()
    runtime.close()
    assert time.monotonic() - before < 30, "it waits for none of them until its time is over"
    assert probe.dropped == 50
    assert gone("drops")


@BOTH
def test_graceful_tasks_are_waited_for(current_thread):
    runtime = sp.Runtime("grace", current_thread=current_thread)
    probe = sp.Probe()
    for _ in range(5):
        runtime.spawn_graceful(0.1, probe)
    assert probe.wait_started(5)
    runtime.close()
    assert probe.completed == 5


@BOTH
def test_blocking_tasks_are_waited_for(current_thread):
    runtime = sp.Runtime("block", current_thread=current_thread)
    probe = sp.Probe()
    runtime.spawn_blocking(0.3, probe)
    assert probe.wait_started()
    runtime.close()
    assert probe.completed == 1


@BOTH
def test_what_does_not_end_is_named(current_thread):
    runtime = sp.Runtime("stuck", current_thread=current_thread)
    probe = sp.Probe()
    runtime.spawn_blocking(60, probe)
    assert probe.wait_started()
    before = time.monotonic()
    with pytest.raises(sp.ShutdownError) as caught:
        runtime.close(0.2)
    assert time.monotonic() - before < 20
    probe.release()
    assert "sleeper" in str(caught.value)
    assert probe.wait_dropped()


def test_a_second_shutdown_gets_the_same_report():
    runtime = sp.Runtime("twice")
    first = runtime.close()
    assert runtime.close() == first


def test_shutdowns_at_the_same_time():
    runtime = sp.Runtime("many")
    probe = sp.Probe()
    runtime.spawn_blocking(0.2, probe)
    assert probe.wait_started()
    reports = []
    threads = [threading.Thread(target=lambda: reports.append(runtime.close())) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(reports) == 5
    assert len(set(reports)) == 1


def test_an_async_shutdown(all_loops):
    runtime = sp.Runtime("async")
    probe = sp.Probe()

    async def main():
        runtime.spawn_never(probe)
        futures = [runtime.never(probe) for _ in range(20)]
        await asyncio.get_running_loop().run_in_executor(None, probe.wait_started, 21)
        assert "async" in await runtime.aclose()
        done, pending = await asyncio.wait(futures, timeout=10)
        assert not pending, "a future of a runtime that is gone does not hang"
        for future in done:
            assert future.cancelled() or future.exception() is not None

    all_loops.run(main())
    assert probe.dropped == 21


def test_a_future_that_its_runtime_has_dropped_complains_only_to_who_awaits_it(all_loops):
    said = []

    async def main():
        asyncio.get_running_loop().set_exception_handler(lambda _, context: said.append(context["message"]))
        runtime = sp.Runtime("abandoned")
        futures = [runtime.sleep(60) for _ in range(20)]
        await asyncio.get_running_loop().run_in_executor(None, runtime.close)
        await asyncio.wait(futures, timeout=20)
        assert all(future.done() for future in futures)
        with pytest.raises(sp.ShutdownError, match="before the future was ready"):
            await futures.pop()
        with pytest.raises(sp.ShutdownError):
            await asyncio.gather(*futures[:2])
        del futures
        gc.collect()

    all_loops.run(main())
    assert said == []


def test_a_shutdown_by_one_of_its_own_tasks(loops):
    runtime = sp.Runtime("inside")

    async def main():
        try:
            assert await asyncio.wait_for(runtime.close_inside(), 20)
        except sp.ShutdownError as error:
            assert "dropped" in str(error)

    loops.run(main())
    assert gone("inside")


def test_after_the_shutdown_it_refuses(loops):
    runtime = sp.Runtime("over")
    runtime.close()
    probe = sp.Probe()
    for use in (
        lambda: runtime.spawn_never(probe),
        lambda: runtime.spawn_blocking(0, probe),
        lambda: runtime.block_on_sleep(0),
    ):
        with pytest.raises(sp.ShutdownError, match="over"):
            use()

    async def main():
        with pytest.raises(sp.ShutdownError, match="over"):
            await runtime.sleep(0)

    loops.run(main())


@BOTH
def test_a_restart_on_use(all_loops, current_thread):
    runtime = sp.Runtime("again", current_thread=current_thread, restart=True)

    async def main():
        for i in range(5):
            assert await runtime.sleep(0.001, i) == i
            await runtime.aclose()

    all_loops.run(main())
    assert runtime.block_on_sleep(0.001) == 0.001
    runtime.close()
    assert gone("again")


def test_a_shutdown_ends_a_block_on_of_another_thread():
    runtime = sp.Runtime("waits")
    probe = sp.Probe()
    caught = []

    def wait():
        try:
            runtime.block_on_never(probe)
        except sp.ShutdownError as error:
            caught.append(error)

    thread = threading.Thread(target=wait)
    thread.start()
    assert probe.wait_started()
    try:
        runtime.close(2)
    except sp.ShutdownError:
        pass
    thread.join(20)
    assert not thread.is_alive()
    assert len(caught) == 1
    assert probe.dropped == 1


def test_block_on_where_nothing_may_block(loops):
    runtime = sp.Runtime("nested")

    async def main():
        with pytest.raises(RuntimeError):
            await runtime.block_on_inside()

    loops.run(main())
    runtime.close()


def drop_at(runtime, place, loops):
    probe = sp.Probe()

    async def another(attached):
        await runtime.drop_inside_another(attached)

    async def mid_await():
        future = runtime.drop_mid_await(probe)
        await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        future.cancel()
        assert await asyncio.get_running_loop().run_in_executor(None, probe.wait_dropped)

    if place == "attached":
        runtime.drop_attached()
    elif place == "detached":
        runtime.drop_detached()
    elif place == "own_worker":
        runtime.drop_on_its_own_worker(probe)
        assert probe.wait_dropped()
    elif place == "own_blocking":
        runtime.drop_on_its_own_blocking_thread(probe)
        assert probe.wait_dropped()
    elif place == "another":
        loops.run(another(False))
    elif place == "another_attached":
        loops.run(another(True))
    elif place == "mid_await":
        loops.run(mid_await())
    elif place == "block_on":
        runtime.drop_in_block_on()


@BOTH
@pytest.mark.parametrize("place", PLACES)
def test_the_last_handle_is_dropped(loops, current_thread, place):
    """Everywhere: no hang, no panic, its tasks dropped, its threads gone."""
    runtime = sp.Runtime("dropped", current_thread=current_thread, seconds=60)
    probe = sp.Probe()
    for _ in range(10):
        runtime.spawn_never(probe)
    assert probe.wait_started(10)
    before = time.monotonic()
    drop_at(runtime, place, loops)
    assert time.monotonic() - before < 30
    assert probe.wait_dropped(10)
    assert gone("dropped")


@pytest.mark.parametrize("place", ["attached", "detached", "own_worker", "another", "block_on"])
def test_the_last_handle_is_dropped_while_something_blocks(loops, place):
    """Nobody waits for the blocking thread: the drop returns, the thread ends in its own time."""
    runtime = sp.Runtime("blocked", seconds=60)
    probe = sp.Probe()
    runtime.spawn_blocking(60, probe)
    assert probe.wait_started()
    before = time.monotonic()
    drop_at(runtime, place, loops)
    assert time.monotonic() - before < 20
    assert probe.dropped == 0
    probe.release()
    assert probe.wait_dropped()
    assert probe.completed == 1
    assert gone("blocked")


def test_many_runtimes_in_a_row():
    gc.collect()
    before = None
    for number in range(100):
        runtime = sp.Runtime("row", workers=1)
        assert runtime.block_on_sleep(0) == 0
        if number % 2:
            runtime.close()
        del runtime
        if number == 10:
            assert gone("row")
            before = len(descriptors())
    assert gone("row")
    wait_until(lambda: len(descriptors()) <= before)
    assert len(descriptors()) <= before


def test_the_default_runtime_is_one():
    assert sp.default_runtime() == sp.default_runtime()


@pytest.mark.parametrize("place", ["drop_attached", "drop_never", "keep"])
def test_dropped_at_exit(script, place):
    code = f"""
        runtime = sp.Runtime("exits")
        probe = sp.Probe()
        runtime.spawn_never(probe)
        assert probe.wait_started()
        if {place!r} != "keep":
            atexit.register(runtime.{place if place != "keep" else "running"})
    """
    script(code)


def test_an_inherited_runtime_raises_in_a_forked_child(script):
    out = script(
        """
        import warnings
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        import gc
        runtime = sp.Runtime("inherited")
        probe = sp.Probe()
        runtime.spawn_never(probe)
        assert probe.wait_started()
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            async def main():
                try:
                    await runtime.sleep(0)
                except sp.ForkedProcessError as error:
                    print("future", "inherited" in str(error), flush=True)
            asyncio.run(main())
            try:
                runtime.block_on_sleep(0)
            except sp.ForkedProcessError as error:
                print("block_on", "inherited" in str(error), flush=True)
            fresh = sp.Runtime("fresh")
            print(fresh.block_on_sleep(0), flush=True)
            del runtime, fresh
            gc.collect()
            sys.exit(0)
        _, status = os.waitpid(pid, 0)
        print(status, runtime.block_on_sleep(0.01), probe.dropped)
        print("inherited" in runtime.close(), probe.dropped)
        """,
        forks=True,
    )
    assert out == "future True\nblock_on True\n0.0\n0 0.01 0\nTrue 1\n"


def test_stage_one_cancels_what_opted_in(script):
    """A non-daemon thread waits for a future of a runtime that opted in: the main thread's end sets it free."""
    out = script(
        """
        runtime = sp.Runtime("opted", cancel=True)
        probe = sp.Probe()
        began = threading.Event()
        def work():
            async def main():
                future = runtime.never(probe)
                began.set()
                try:
                    await future
                except BaseException as error:
                    print(type(error).__name__)
            asyncio.run(main())
        threading.Thread(target=work).start()
        began.wait()
        assert probe.wait_started()
        """
    )
    assert out.strip() in ("CancelledError", "ShutdownError")
