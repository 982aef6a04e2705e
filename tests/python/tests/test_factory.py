"""Objects that Rust makes for Python, and their shutdown over a connection of their own, at exit too."""

import asyncio
import contextlib
import gc
import socket
import threading
import warnings

import pytest
import sundown_pytest as sp
from conftest import wait_until


class Server:
    """Counts the locks that were taken and released. A line of ours may take a while to be answered, as on a network."""

    def __init__(self):
        self.taken = self.released = 0
        self.lock = threading.Lock()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=self.serve, args=[self.listener.accept()[0]], daemon=True).start()

    def serve(self, connection):
        with contextlib.suppress(OSError), connection, connection.makefile("rwb", buffering=0) as file:
            for line in file:
                if line == b"release\n":
                    # A round trip, during which the interpreter would have ended if it did not wait.
                    threading.Event().wait(0.05)
                with self.lock:
                    self.taken += line == b"take\n"
                    self.released += line == b"release\n"
                file.write(b"ok\n")

    def counts(self):
        with self.lock:
            return self.taken, self.released


@pytest.fixture
def server():
    server = Server()
    yield server
    server.listener.close()


def test_a_function_that_makes_an_object(loops, server):
    async def main():
        lock = await sp.take(server.port)
        assert type(lock) is sp.RemoteLock
        async with lock:
            assert await lock.ping() == "ok\n"
            assert server.counts() == (1, 0)
        assert server.counts() == (1, 1)

    loops.run(main())


def test_with_a_factory(loops, server):
    async def main():
        locks = sp.RemoteLocks(server.port)
        async with locks as lock:
            assert await lock.ping() == "ok\n"
        assert lock.closed and server.counts() == (1, 1)
        with pytest.raises(KeyError, match="mine"):
            async with locks as lock:
                raise KeyError("mine")
        assert lock.closed and server.counts() == (2, 2)

    loops.run(main())


def test_each_task_closes_its_own(loops, server):
    async def main():
        locks, turn = sp.RemoteLocks(server.port), asyncio.Event()

        async def first():
            async with locks as lock:
                turn.set()
                await asyncio.sleep(0.05)
                assert not lock.closed
            assert lock.closed
            return lock

        async def second():
            await turn.wait()
            async with locks as outer:
                async with locks as inner:
                    assert inner is not outer
                assert inner.closed and not outer.closed
            assert outer.closed
            return outer

        one, other = await asyncio.gather(first(), second())
        assert one is not other
        assert server.counts() == (3, 3)
        with pytest.raises(RuntimeError, match="without `__aenter__`"):
            await locks.__aexit__(None, None, None)

    loops.run(main())


def test_a_factory_that_fails(loops):
    async def main():
        # Nobody else gets the port meanwhile.
        with socket.socket() as deaf:
            deaf.bind(("127.0.0.1", 0))
            locks = sp.RemoteLocks(deaf.getsockname()[1])
            with pytest.raises(ConnectionError):
                async with locks:
                    pass
        with pytest.raises(RuntimeError, match="without `__aenter__`"):
            await locks.__aexit__(None, None, None)

    loops.run(main())


class Cancelled:
    """A factory whose task is cancelled between the end of the future and its own next step."""

    def __init__(self, locks):
        self.locks = locks

    async def __aenter__(self):
        task = asyncio.current_task()
        future = self.locks.__aenter__()
        future.add_done_callback(lambda _: task.cancel())
        return await future

    async def __aexit__(self, *exception):
        raise AssertionError("it was not entered")


def test_what_a_cancelled_task_never_entered_is_closed(loops, server):
    async def enter(locks):
        async with Cancelled(locks):
            raise AssertionError("it was cancelled")

    async def main():
        locks = sp.RemoteLocks(server.port)
        with pytest.raises(asyncio.CancelledError):
            await asyncio.ensure_future(enter(locks))
        while server.counts() != (1, 1):
            gc.collect()
            await asyncio.sleep(0.001)
        with pytest.raises(RuntimeError, match="without `__aenter__`"):
            await locks.__aexit__(None, None, None)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        loops.run(asyncio.wait_for(main(), 20))


@pytest.mark.parametrize("entered_by", ["wait_for", "shield", "task", "wait"])
def test_what_is_entered_otherwise_is_closed_by_the_exit(loops, server, entered_by):
    async def enter(locks):
        future = locks.__aenter__()
        if entered_by == "wait_for":
            return await asyncio.wait_for(future, 20)
        if entered_by == "shield":
            return await asyncio.shield(future)
        if entered_by == "wait":
            await asyncio.wait([future])
            return future.result()

        async def task():
            return await future

        return await asyncio.ensure_future(task())

    async def main():
        locks = sp.RemoteLocks(server.port)
        lock = await enter(locks)
        assert not lock.closed
        await locks.__aexit__(None, None, None)
        assert lock.closed and server.counts() == (1, 1)
        with pytest.raises(RuntimeError, match="without `__aenter__`"):
            await locks.__aexit__(None, None, None)

    loops.run(main())


def test_what_nobody_gets_is_closed_without_a_warning(loops, server):
    async def main():
        probe = sp.Probe()
        future = sp.take_late(server.port, probe)
        while not probe.started:
            await asyncio.sleep(0.001)
        future.cancel()
        probe.release()
        assert probe.wait_dropped()
        while server.counts() != (1, 1):
            await asyncio.sleep(0.001)

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        loops.run(main())
        gc.collect()


ENDS = {
    "the end of the program": """
        loop = asyncio.new_event_loop()
        kept = loop.run_until_complete(use())
    """,
    "after asyncio.run": "kept = asyncio.run(use())",
    "sys.exit in a task": """
        async def main():
            global kept
            kept = await use()
            sys.exit(0)
        asyncio.run(main())
    """,
    "in a cycle": """
        kept = asyncio.run(use())
        kept.append(kept)
        del kept
    """,
    "in the block": """
        async def main():
            async with sp.RemoteLocks(PORT) as lock:
                keep.extend(await use())
                keep.append(lock)
                os.kill(os.getpid(), signal.SIGINT)
                await asyncio.sleep(30)
        keep = []
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            pass
    """,
}


@pytest.mark.parametrize("tracked", [False, True], ids=["tokio::spawn", "Runtime::spawn"])
@pytest.mark.parametrize("end", ENDS)
def test_locks_are_released_at_exit(script, server, end, tracked):
    """Five objects, each with a connection of its own, whose tasks run on the module's runtime."""
    ends = "\n".join(line[8:] if line.startswith("        ") else line for line in ENDS[end].splitlines())
    use = f"""
import os, signal, sys, warnings
warnings.simplefilter("ignore", ResourceWarning)
PORT = {server.port}
async def use():
    locks = [await sp.take(PORT, {tracked}) for _ in range(5)]
    for lock in locks:
        await lock.ping()
    return locks
"""
    runs = 4
    for _ in range(runs):
        script(use + ends)
    locks = runs * (6 if end == "in the block" else 5)
    assert wait_until(lambda: server.counts() == (locks, locks)), server.counts()
