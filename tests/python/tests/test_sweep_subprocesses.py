"""The sweep of a loop: its subprocesses, also those that nobody has kept."""

import asyncio
import os
import signal
import sys
import textwrap
import threading
import time

import pytest
import sundown_pytest as sp
from conftest import wait_until
from swept import stopped, unclean

PIPE = asyncio.subprocess.PIPE

IGNORES = "trap '' TERM; echo ready; while :; do sleep 0.05; done"

WRITES = """
    import os, signal, sys, time

    def handler(*_):
        for _ in range(20):
            os.write(1, b"x" * 100_000)
        os._exit(3)

    signal.signal(signal.SIGTERM, handler)
    print("ready", flush=True)
    while True:
        time.sleep(0.05)  # a signal that comes just before the call does not end it
"""


def is_gone(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def start(pids, *command, **options):
    """A process whose `Process` nobody keeps. With a pipe: when it has said that it is ready."""
    process = await asyncio.create_subprocess_exec(*command, **options)
    pids.append(process.pid)
    if options.get("stdout") == PIPE:
        assert await process.stdout.readline()


@pytest.fixture(autouse=True)
def quiet(caplog, capfd):
    """Nothing is logged, as by a watcher whose loop is closed, and nothing printed."""
    before = set(threading.enumerate())
    yield
    assert not [record for record in caplog.records if record.name == "asyncio"], caplog.text
    assert capfd.readouterr().err == ""
    late = [thread for thread in threading.enumerate() if thread not in before and "waitpid" in thread.name]
    assert not late


def test_what_nobody_kept_is_ended(loops):
    pids = []

    async def main():
        await start(pids, "sleep", "60")
        await start(pids, "sleep", "60")

    with stopped(loops, main) as loop:
        report = sp.sweep(loop, timeout=60)
    assert all(map(is_gone, pids))
    for pid in pids:
        assert f'sweep.subprocesses["{pid}"]' in report
    assert report.count("SIGTERM") == 2


def test_what_does_not_listen_is_killed(loops):
    pids = []

    async def main():
        await start(pids, "sh", "-c", IGNORES, stdout=PIPE)

    with stopped(loops, main) as loop:
        report = unclean(sp.ShutdownTimeout, loop, timeout=3)
    assert is_gone(pids[0])
    assert "forced" in report
    assert "SIGKILL" in report


def test_a_full_pipe_keeps_none_from_ending(loops):
    pids = []

    async def main():
        await start(pids, sys.executable, "-c", textwrap.dedent(WRITES), stdout=PIPE)

    with stopped(loops, main) as loop:
        report = sp.sweep(loop, timeout=60)
    assert is_gone(pids[0])
    assert "exit status 3" in report


def test_a_pipe_that_another_process_has_is_not_waited_for(loops):
    """The status of the process is enough. It is asked for its group only by those who made one."""
    pids, others = [], []

    async def main():
        process = await asyncio.create_subprocess_exec("sh", "-c", "sleep 60 & echo $!; wait", stdout=PIPE)
        pids.append(process.pid)
        others.append(int(await process.stdout.readline()))

    with stopped(loops, main) as loop:
        began = time.monotonic()
        sp.sweep(loop, timeout=60)
        assert time.monotonic() - began < 30
    assert is_gone(pids[0])
    os.kill(others[0], signal.SIGKILL)


def test_pipes_that_do_not_empty_are_waited_for_together(loops):
    """What is written goes to a pipe that another process has too, and that nobody reads: it stays open, and
    uvloop would wait for it when it is closed."""
    kept, others = [], []
    count = 100

    async def main():
        command = "exec 3<&0; sleep 1000 <&3 >/dev/null 2>&1 & echo $!; wait"
        for _ in range(count):
            process = await asyncio.create_subprocess_exec("sh", "-c", command, stdin=PIPE, stdout=PIPE)
            kept.append(process)
            others.append(int(await process.stdout.readline()))
            process.stdin.write(b"x" * 1_000_000)

    try:
        with stopped(loops, main) as loop:
            began = time.monotonic()
            sp.sweep(loop, timeout=60)
            assert time.monotonic() - began < 0.1 * count * 0.8, "0.1 s for all, not for each"
        assert all(is_gone(process.pid) for process in kept)
    finally:
        for other in others:
            os.kill(other, signal.SIGKILL)


def test_what_has_ended_already_is_closed(loops):
    pids = []

    async def main():
        await start(pids, "true")

    with stopped(loops, main) as loop:
        # A zombie, of which the loop was not told yet.
        assert wait_until(lambda: is_gone(pids[0]) or state_of(pids[0]) == "Z")
        sp.sweep(loop, timeout=60)
    assert is_gone(pids[0])


def state_of(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0]


def test_what_a_task_starts_when_it_is_cancelled_ends_too(loops):
    pids = []

    async def starts(begun):
        begun.set_result(None)
        try:
            await asyncio.sleep(60)
        finally:
            await start(pids, "sleep", "60")

    async def main():
        begun = asyncio.get_running_loop().create_future()
        asyncio.ensure_future(starts(begun))
        await begun

    with stopped(loops, main) as loop:
        sp.sweep(loop, timeout=60)
    assert is_gone(pids[0])


def test_a_task_ends_its_own_process_first(loops):
    """What it is for is its own to say."""
    statuses = []

    async def owns(begun):
        process = await asyncio.create_subprocess_exec("cat", stdin=PIPE)
        begun.set_result(None)
        try:
            await asyncio.sleep(60)
        finally:
            process.stdin.close()
            statuses.append(await process.wait())

    async def main():
        begun = asyncio.get_running_loop().create_future()
        asyncio.ensure_future(owns(begun))
        await begun

    with stopped(loops, main) as loop:
        report = sp.sweep(loop, timeout=60)
    assert statuses == [0]
    assert "SIGTERM" not in report


def test_from_within_the_caller_has_the_status(loops):
    async def main():
        process = await asyncio.create_subprocess_exec("sleep", "60")
        await sp.sweep(timeout=60)
        return await process.wait()

    assert loops.run(main()) == -signal.SIGTERM


def test_those_of_another_loop_are_left_alone(loops):
    pids = []
    with stopped(loops, start, pids, "sleep", "60") as other:
        with stopped(loops, start, pids, "sleep", "60") as loop:
            sp.sweep(loop, timeout=60)
        assert is_gone(pids[1])
        assert not is_gone(pids[0])
        sp.sweep(other, timeout=60)
        assert is_gone(pids[0])


WATCHED = """
    watcher = asyncio.{watcher}()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    asyncio.set_child_watcher(watcher)
    watcher.attach_loop(loop)

    async def main():
        await asyncio.create_subprocess_exec("sleep", "60")
        await asyncio.create_subprocess_exec("sleep", "60")

    loop.run_until_complete(main())
    report = sp.sweep(loop, timeout=30)
    assert report.count("SIGTERM") == 2, report
    assert not [thread for thread in threading.enumerate() if "waitpid" in thread.name]
"""

WATCHERS = ["ThreadedChildWatcher", "SafeChildWatcher", "FastChildWatcher", "MultiLoopChildWatcher", "PidfdChildWatcher"]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="no watcher of one's own since 3.14")
@pytest.mark.parametrize("watcher", WATCHERS)
def test_every_watcher_of_asyncio(script, watcher):
    script(WATCHED.format(watcher=watcher), env={"PYTHONWARNINGS": "ignore::DeprecationWarning"})


def test_the_threads_of_a_system_without_pidfds(script):
    """As macOS, and what forbids them."""
    script(
        """
        import asyncio.unix_events as unix_events
        unix_events.can_use_pidfd = lambda: False
        loop = asyncio.new_event_loop()

        async def main():
            await asyncio.create_subprocess_exec("sleep", "60")
            assert [thread for thread in threading.enumerate() if "waitpid" in thread.name]

        loop.run_until_complete(main())
        report = sp.sweep(loop, timeout=30)
        assert report.count("SIGTERM") == 1, report
        assert not [thread for thread in threading.enumerate() if "waitpid" in thread.name]
        """
    )
