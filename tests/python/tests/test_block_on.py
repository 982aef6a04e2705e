"""`block_on` where a thread is in the middle of something, and the default runtime as a user makes it."""

import os
import signal
import sys
import threading

import pytest
import sundown_pytest as sp
from conftest import os_threads

BOTH = pytest.mark.parametrize("current_thread", [False, True], ids=["multi-thread", "current-thread"])


def test_a_future_that_is_not_send():
    assert sp.block_on_local() == 1


def test_nested():
    """Python called by a future may block again on the same thread."""
    assert sp.block_on_calling(lambda: sp.block_on_sleep(0.01)) == 0.01
    assert sp.block_on_calling(lambda: sp.block_on_calling(lambda: sp.block_on_sleep(0.01))) == 0.01


def test_where_tokio_lets_a_thread_block():
    assert sp.block_on_in_a_blocking_task() == 5
    assert sp.block_on_in_place() == 5


def test_a_worker_is_refused_without_noise(script):
    out = script(
        """
        runtime = sp.Runtime("refuses")
        async def main():
            try:
                await runtime.block_on_inside()
            except RuntimeError as error:
                print(error)
        asyncio.run(main())
        """
    )
    assert out == "`block_on` cannot be called on a thread that drives async tasks: await the future there\n"


def test_no_descriptors_are_made_per_call():
    sp.block_on_sleep(0.001)
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(100):
        sp.block_on_sleep(0)
    assert len(os.listdir("/proc/self/fd")) <= before, "fewer if something of another test has ended meanwhile"


@BOTH
def test_a_shutdown_ends_the_waits_of_other_threads(current_thread):
    for _ in range(20):
        runtime = sp.Runtime("ends", current_thread=current_thread)
        probe = sp.Probe()
        errors = []

        def wait(sleep):
            try:
                runtime.block_on_sleep(600) if sleep else runtime.block_on_never(probe)
            except BaseException as error:
                errors.append(error)

        threads = [threading.Thread(target=wait, args=(sleep,)) for sleep in (False, True, False)]
        for thread in threads:
            thread.start()
        assert probe.wait_started(2)
        runtime.close()
        for thread in threads:
            thread.join(30)
        assert [type(error) for error in errors] == [sp.ShutdownError] * 3, errors
        assert probe.dropped == 2


def test_a_sleep_on_a_runtime_that_has_ended_meanwhile(capfd):
    """A canary: tokio's panic is known by its words, which tokio may change."""
    with pytest.raises(sp.ShutdownError, match="`ended` was shut down"):
        sp.sleep_on_a_runtime_that_has_ended()
    assert capfd.readouterr().err == ""


@BOTH
def test_a_shutdown_inside_its_own_block_on(current_thread, capfd):
    assert "inside stopped" in sp.shutdown_in_its_own_block_on(current_thread)
    assert capfd.readouterr().err == ""


def test_an_unclean_shutdown_is_an_exception_by_question_mark():
    with pytest.raises(sp.ShutdownTimeout, match="sleeper") as raised:
        sp.shutdown_late(1)
    assert "Runtime.threads" in raised.value.report
    assert isinstance(raised.value, TimeoutError)


def test_ctrl_c_ends_a_busy_future(script):
    out = script(
        """
        probe = sp.Probe()
        def interrupt():
            probe.wait_started()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        try:
            sp.block_on_busy(probe)
        except KeyboardInterrupt:
            print(probe.dropped)
        """
    )
    assert out == "1\n"


def test_ctrl_c_in_a_nested_wait_is_the_inner_ones(script):
    out = script(
        """
        inner, outer = sp.Probe(), []
        def interrupt():
            inner.wait_started()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        def wait():
            try:
                sp.block_on_never(inner)
            except KeyboardInterrupt:
                return "inner"
        print(sp.block_on_calling(wait), signal.set_wakeup_fd(-1))
        """
    )
    assert out == "inner -1\n"


def test_ctrl_c_under_asyncio_run(script):
    """Since 3.11 asyncio's handler cancels the main task and does not raise; before, it is Python's own."""
    out = script(
        """
        probe = sp.Probe()
        def interrupt():
            probe.wait_started()
            os.kill(os.getpid(), signal.SIGINT)
        threading.Thread(target=interrupt).start()
        async def main():
            try:
                sp.block_on_never(probe)
            except BaseException as error:
                print(type(error).__name__, probe.dropped)
                raise
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("KeyboardInterrupt")
        """
    )
    inside = "CancelledError" if sys.version_info >= (3, 11) else "KeyboardInterrupt"
    assert out == f"{inside} 1\nKeyboardInterrupt\n"


def test_a_task_that_is_cancelled_already_may_block(script):
    """A cleanup that blocks is not interrupted by the cancellation that it cleans up after."""
    out = script(
        """
        async def main():
            try:
                await asyncio.sleep(60)
            finally:
                signal.raise_signal(signal.SIGUSR1)
                print(sp.block_on_sleep(0.05))
        signal.signal(signal.SIGUSR1, lambda *_: None)
        async def outer():
            task = asyncio.ensure_future(main())
            await asyncio.sleep(0)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError:
                print("cancelled")
        asyncio.run(outer())
        """
    )
    assert out == "0.05\ncancelled\n"


def test_a_loop_hears_signals_that_came_in_a_wait(script):
    out = script(
        """
        async def main():
            heard = asyncio.Event()
            asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, heard.set)
            probe = sp.Probe()
            def send():
                probe.wait_started()
                os.kill(os.getpid(), signal.SIGUSR1)
                probe.release()
            threading.Thread(target=send).start()
            sp.block_on_released(probe)
            await asyncio.wait_for(heard.wait(), 10)
            print("heard")
        asyncio.run(main())
        """
    )
    assert out == "heard\n"


def test_no_signal_is_lost_between_two_owners(script):
    """Thousands of signals, before, in and after waits: each that Python handled reaches the descriptor's owner."""
    out = script(
        """
        import socket
        mine, theirs = socket.socketpair()
        mine.setblocking(False)
        theirs.setblocking(False)
        signal.set_wakeup_fd(theirs.fileno(), warn_on_full_buffer=False)
        handled, told, over = 0, 0, threading.Event()
        def handler(*_):
            global handled
            handled += 1
        signal.signal(signal.SIGUSR1, handler)
        def take():
            global told
            try:
                while True:
                    told += len(mine.recv(4096))
            except BlockingIOError:
                pass
        waits = 0
        def send():
            wait, sent = 0, 0
            while not over.wait(0.0002):
                if wait != waits:
                    wait, sent = waits, 0
                if sent < 50:  # The buffer has room for about 270.
                    os.kill(os.getpid(), signal.SIGUSR1)
                    sent += 1
        sender = threading.Thread(target=send)
        sender.start()
        while waits < 500 or handled < 100:
            sp.block_on_sleep(0.0005)
            take()
            waits += 1
        over.set()
        sender.join()
        # CPython's handler in C may run on any thread, and that one be preempted before it writes.
        limit = time.monotonic() + 30
        while told < handled and time.monotonic() < limit:
            sp.block_on_sleep(0.001)
            take()
        print("all" if told >= handled else f"{told} of {handled}")
        """
    )
    assert out == "all\n"


@BOTH
def test_a_default_runtime_by_tokios_builder(script, current_thread):
    out = script(
        f"""
        sp.init_with_builder({current_thread})
        print(sp.block_on_sleep(0.01))
        async def main():
            return await asyncio.gather(*(sp.sleep(0.001, i) for i in range(100)))
        print(asyncio.run(main()) == list(range(100)))
        print("stopped" in sp.shutdown_default())
        try:
            sp.block_on_sleep(0)
        except sp.ShutdownError as error:
            print(error)
        """
    )
    assert out == "0.01\nTrue\nTrue\nthe runtime `default` was shut down: `block_on` is refused\n"


def test_a_borrowed_runtime_keeps_what_is_not_ours(script):
    out = script(
        """
        print(sp.init_borrowed(), sp.init_borrowed())
        sp.spawn_beside_us()
        probe = sp.Probe()
        async def main():
            future = sp.never(probe)
            probe.wait_started()
            print("somebody else's runtime" in sp.shutdown_default(), probe.wait_dropped())
            # tokio counts a task until the worker lets go of it, a moment after its end.
            while sp.tasks_of_the_borrowed() > 1:
                await asyncio.sleep(0.001)
            print(sp.tasks_of_the_borrowed())
            try:
                await future
            except sp.ShutdownError:
                print("told")
        asyncio.run(main())
        """
    )
    assert out == "True False\nTrue True\n1\ntold\n"


def test_the_threads_of_a_runtime_are_named():
    runtime = sp.Runtime("named-threads")
    assert runtime.block_on_sleep(0.001) == 0.001
    assert "named-threads" in os_threads()
    runtime.close()
