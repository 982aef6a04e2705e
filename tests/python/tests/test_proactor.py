"""Loops that watch no descriptors and receive from sockets, as Windows' default one: what is theirs alone. All else that a loop
does is tested with them among others (`all_loops`)."""

import asyncio
import gc
import os
import signal
import socket
import sys
import threading

import pytest
import sundown_pytest as sp
from conftest import Loops, descriptors, interrupt_at, wait_until
from own_loop import loop_threads
from proactor_loop import ProactorLoop

LOOPS = Loops("proactor")

#: For a process of its own.
PRELUDE = "import asyncio, atexit, os, signal, sys, threading, time\nimport sundown_pytest as sp\nfrom proactor_loop import ProactorLoop\n"
PATH = {"PYTHONPATH": os.pathsep.join([os.path.dirname(__file__), os.environ.get("PYTHONPATH", "")])}


def test_nothing_of_the_bridge_is_a_task_or_a_thread():
    async def main():
        assert await sp.ready(1) == 1
        assert await sp.sleep(0.001, 2) == 2
        assert asyncio.all_tasks() == {asyncio.current_task()}
        threads = [thread.name for thread in threading.enumerate()]
        assert "sundown-relay" not in threads

    LOOPS.run(main())


def test_many_completions_are_one_byte():
    probe = sp.Probe()

    async def begin():
        assert await sp.ready(0) == 0  # what it takes to connect
        return [sp.sleep(0.01, i, probe) for i in range(1_000)]

    async def collect(futures):
        return await asyncio.gather(*futures)

    with LOOPS.open() as loop:
        futures = loop.run_until_complete(begin())
        assert probe.wait_dropped(1_000)
        own = [operations[0][1] for operations in loop._proactor.operations.values()]
        (own,) = [sock for sock in own if sock is not loop._ssock]
        assert len(own.recv(4096, socket.MSG_PEEK)) == 1
        assert loop.run_until_complete(collect(futures)) == list(range(1_000))


def test_a_bridge_that_is_closed_lets_go_of_its_socket(script):
    """At exit, with a loop that goes on in a daemon thread."""
    out = script(
        """
        up = threading.Event()
        async def main():
            assert await sp.ready(1) == 1
            up.set()
            await sp.sleep(600, None)
        def work():
            loop = ProactorLoop()
            try:
                loop.run_until_complete(main())
            except sp.ShutdownError:
                pass
        threading.Thread(target=work, daemon=True).start()
        assert up.wait(30)
        print("ends")
        """,
        prelude=PRELUDE,
        env=PATH,
    )
    assert out == "ends\n"


def test_a_loop_that_was_never_closed_is_collected():
    def use():
        loop = ProactorLoop()
        assert loop.run_until_complete(ready()) == 1
        # As `IocpProactor.__del__`, and `BaseEventLoop.__del__` without its warning.
        loop.__class__ = type("Unclosed", (ProactorLoop,), {"__del__": lambda self: self.close()})

    async def ready():
        return await sp.ready(1)

    use()  # The runtime has descriptors of its own.
    gc.collect()
    before = len(descriptors())
    for _ in range(20):
        use()
    gc.collect()
    assert wait_until(lambda: len(descriptors()) <= before), (before, descriptors())


def test_ctrl_c_at_any_line_of_a_wake_loses_no_completion():
    """As a signal's handler would raise it: at the entry of each function of ours, and before each line, that runs on the loop from
    the wake-up on."""

    async def begin(probe):
        return [sp.sleep(0.001, i, probe) for i in range(3)]

    async def collect(futures):
        return await asyncio.wait_for(asyncio.gather(*futures), 30)

    with LOOPS.open() as loop:
        loop.run_until_complete(collect(loop.run_until_complete(begin(sp.Probe()))))
        for line in range(1, 200):
            probe = sp.Probe()
            futures = loop.run_until_complete(begin(probe))
            assert probe.wait_dropped(3)
            waiting = loop.create_task(collect(futures))
            sys.settrace(interrupt_at(line))
            try:
                loop.run_until_complete(waiting)
            except KeyboardInterrupt:
                interrupted = True
            else:
                interrupted = False
            finally:
                sys.settrace(None)
            assert loop.run_until_complete(waiting) == [0, 1, 2], line
            # It goes on as before.
            assert loop.run_until_complete(collect(loop.run_until_complete(begin(sp.Probe())))) == [0, 1, 2], line
            if not interrupted:
                break
        assert 5 < line < 199


def test_a_loop_for_another_thread_does_not_take_the_main_threads_signals():
    """A proactor's loop takes the wakeup descriptor of signals when it is made, if that is on the main thread."""
    assert threading.current_thread() is threading.main_thread()
    owner = ProactorLoop()
    own = None
    try:
        own = sp.EventLoop(factory=ProactorLoop)
        put_in = signal.set_wakeup_fd(owner._csock.fileno(), warn_on_full_buffer=False)
        assert put_in == owner._csock.fileno()
    finally:
        if own is not None:
            own.close()
        owner.close()
    assert wait_until(lambda: not loop_threads())


def test_a_loop_whose_sock_recv_is_no_coroutine():
    """But returns a future, as the proactor does itself."""

    class Loop(ProactorLoop):
        def sock_recv(self, sock, nbytes):
            return self._proactor.recv(sock, nbytes)

    async def main():
        assert await asyncio.gather(*(sp.sleep(0.001, i) for i in range(200))) == list(range(200))
        assert "sundown-relay" not in [thread.name for thread in threading.enumerate()]

    loop = Loop()
    try:
        for _ in range(3):
            loop.run_until_complete(asyncio.wait_for(main(), 30))
    finally:
        loop.close()


@pytest.mark.parametrize("kind", ["without a loop", "on a loop"])
def test_a_system_without_poll_and_forks(script, kind):
    """What Windows has not: `select.poll`, the module `posix`."""
    out = script(
        """
        import select
        del select.poll, select.epoll
        import asyncio, os, signal, sys, threading
        sys.modules["posix"] = None
        import sundown_pytest as sp
        """
        + {
            "without a loop": """
        called = sp.Called(lambda x: 2 * x)
        print([called.call(i) for i in range(200)][-1])
        """,
            "on a loop": """
        async def main():
            return await asyncio.gather(*(sp.sleep(0.001, i) for i in range(200)))
        print(2 * asyncio.run(main())[-1])
        """,
        }[kind]
        + """
        def interrupt():
            probe.wait_started()
            os.kill(os.getpid(), signal.SIGINT)
        probe = sp.Probe()
        threading.Thread(target=interrupt).start()
        try:
            sp.block_on_never(probe)
        except KeyboardInterrupt:
            print("interrupted")
        """,
        prelude="",
    )
    assert out == "398\ninterrupted\n"
