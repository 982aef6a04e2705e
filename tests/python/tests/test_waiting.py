"""Threads that wait: `block_on`, `run`, `run_until_complete`, and Ctrl-C."""

import asyncio
import signal
import threading
import time

import pytest
import sundown_pytest as sp


def test_block_on():
    assert sp.block_on_sleep(0.01) == 0.01


def test_block_on_lets_other_threads_run():
    """It waits detached: a second thread counts meanwhile."""
    probe = sp.Probe()
    thread = threading.Thread(target=sp.block_on_released, args=(probe,))
    thread.start()
    assert probe.wait_started()
    for _ in range(100_000):
        assert thread.is_alive()
    probe.release()
    thread.join(30)
    assert not thread.is_alive()


def test_block_on_many_threads_at_once():
    threads = [threading.Thread(target=sp.block_on_sleep, args=(0.5,)) for _ in range(60)]
    before = time.monotonic()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert time.monotonic() - before < 25, "one after another it is 30 s"


def test_a_panic_in_block_on(capfd):
    with pytest.raises(sp.RuntimePanic, match="the message"):
        sp.block_on_panic("the message")
    assert sp.block_on_sleep(0) == 0


def test_run():
    async def work():
        await asyncio.sleep(0.01)
        return await sp.sleep(0.01, "worked")

    assert sp.run_awaiting(work) == "worked"


def test_run_raises():
    async def work():
        raise LookupError("inside")

    with pytest.raises(LookupError, match="inside"):
        sp.run_awaiting(work)


def test_run_many_times():
    async def work():
        return await sp.ready(1)

    assert [sp.run_awaiting(work) for _ in range(100)] == [1] * 100


def test_run_until_complete(all_loops):
    with all_loops.open() as loop:
        assert sp.run_until_slept(loop, 0.02, 5) == 5
        assert sp.run_until_slept(loop, 0, 6) == 6


@pytest.mark.parametrize("error", [ValueError("bad"), SystemExit(3), KeyboardInterrupt()], ids=repr)
def test_run_until_complete_raises_what_the_future_fails_with(all_loops, error):
    """`SystemExit` and `KeyboardInterrupt` too, for which asyncio does not end a loop that waits for a bare future."""
    with all_loops.open() as loop:
        with pytest.raises(type(error)) as raised:
            sp.run_until_failed(loop, error)
        assert raised.value is error
        assert sp.run_until_slept(loop, 0, 1) == 1, "the loop works afterwards"


def test_run_until_complete_on_a_loop_that_cannot(all_loops):
    async def inside():
        with pytest.raises(RuntimeError, match="running"):
            sp.run_until_slept(asyncio.get_running_loop(), 0, 1)

    with all_loops.open() as loop:
        loop.run_until_complete(inside())
    with pytest.raises(RuntimeError, match="closed"):
        sp.run_until_slept(loop, 0, 1)


def test_ctrl_c_ends_block_on_at_once_and_cancels(script):
    out = script(
        """
        probe = sp.Probe()
        sent = []
        def interrupt():
            probe.wait_started()
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            sp.block_on_never(probe)
        except KeyboardInterrupt:
            took = time.monotonic() - sent[0]
        assert took < 10, took
        assert probe.wait_dropped(), "it is cancelled, not left running"
        print(probe.dropped, probe.completed)
        print(sp.block_on_sleep(0.01))
        """
    )
    assert out == "1 0\n0.01\n"


def test_a_handler_that_does_not_raise_does_not_interrupt(script):
    out = script(
        """
        probe = sp.Probe()
        heard = []
        signal.signal(signal.SIGUSR1, lambda *_: heard.append(threading.current_thread() is threading.main_thread()))
        def send():
            probe.wait_started()
            for _ in range(3):
                count = len(heard)
                os.kill(os.getpid(), signal.SIGUSR1)
                while len(heard) == count: time.sleep(0.001)
            probe.release()
        threading.Thread(target=send).start()
        sp.block_on_released(probe)
        print(heard)
        """
    )
    assert out == "[True, True, True]\n"


def test_a_handler_that_raises_something_else(script):
    out = script(
        """
        probe = sp.Probe()
        def handler(*_):
            raise LookupError("by the handler")
        signal.signal(signal.SIGALRM, handler)
        def interrupt():
            probe.wait_started()
            os.kill(os.getpid(), signal.SIGALRM)
        threading.Thread(target=interrupt).start()
        try:
            sp.block_on_never(probe)
        except LookupError as error:
            print(error, probe.wait_dropped())
        """
    )
    assert out == "by the handler True\n"


def test_the_wakeup_descriptor_is_forwarded_and_restored(script):
    out = script(
        """
        import socket
        mine, theirs = socket.socketpair()
        theirs.setblocking(False)
        mine.settimeout(10)
        signal.set_wakeup_fd(theirs.fileno())
        probe = sp.Probe()
        signal.signal(signal.SIGUSR1, lambda *_: probe.release())
        def send():
            probe.wait_started()
            os.kill(os.getpid(), signal.SIGUSR1)
        threading.Thread(target=send).start()
        sp.block_on_released(probe)
        print(list(mine.recv(10)) == [signal.SIGUSR1], signal.set_wakeup_fd(-1) == theirs.fileno())
        """
    )
    assert out == "True True\n"


def test_a_wakeup_descriptor_of_nobody_is_restored_too(script):
    out = script(
        """
        sp.block_on_sleep(0.01)
        print(signal.set_wakeup_fd(-1))
        """
    )
    assert out == "-1\n"


def test_ctrl_c_in_run(script):
    out = script(
        """
        cancelled = []
        began = threading.Event()
        def interrupt():
            began.wait()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        def tick():
            # asyncio itself does not hear a signal that arrives just before it blocks.
            asyncio.get_running_loop().call_later(0.02, tick)
        async def work():
            # When the loop waits, not while this coroutine runs.
            asyncio.get_running_loop().call_later(0.02, began.set)
            tick()
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                cancelled.append(True)
                raise
        try:
            sp.run_awaiting(work)
        except KeyboardInterrupt:
            print("interrupted", cancelled)
        """
    )
    assert out == "interrupted [True]\n"


def test_ctrl_c_from_a_terminal(start):
    """From another process, without a thread of ours that could run Python by chance."""
    script = start(
        """
        probe = sp.Probe()
        try:
            sp.block_on_announced(probe)
        except KeyboardInterrupt:
            print("interrupted", probe.wait_dropped())
        """
    )
    assert script.line() == "waits"
    script.process.send_signal(signal.SIGINT)
    ended = script.wait()
    assert ended.out == "interrupted True\n", ended
    assert ended.returncode == 0, ended


def test_block_on_in_another_thread_is_not_interrupted(script):
    out = script(
        """
        probe = sp.Probe()
        result = []
        thread = threading.Thread(target=lambda: result.append(sp.block_on_sleep(0.5, probe)))
        thread.start()
        probe.wait_started()
        try:
            os.kill(os.getpid(), signal.SIGINT)
            thread.join()
        except KeyboardInterrupt:
            thread.join()
            print("interrupted", result)
        """
    )
    assert out == "interrupted [0.5]\n"
