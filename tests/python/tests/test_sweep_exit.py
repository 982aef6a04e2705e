"""The sweep of a loop: its executor, Ctrl-C meanwhile, and the exit of the interpreter."""

import asyncio
import signal
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
import sundown_pytest as sp
from conftest import wait_until
from swept import begins, stopped, unclean


def test_jobs_are_waited_for_and_those_that_wait_are_cancelled(loops):
    ran, began = [], threading.Event()
    pool = ThreadPoolExecutor(1, "pool of the test")

    def job(number):
        began.set()
        assert wait_until(lambda: pool._shutdown)
        with pool._shutdown_lock:  # which cancels the others
            ran.append(number)

    async def main():
        loop = asyncio.get_running_loop()
        loop.set_default_executor(pool)
        for number in range(3):
            loop.run_in_executor(None, job, number)

    with stopped(loops, main) as loop:
        assert began.wait(30)
        report = sp.sweep(loop, timeout=60)
    assert ran == [0]
    assert "sweep.executor" in report
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("pool of the test")]


def test_a_job_may_need_the_loop(loops):
    got, began = [], threading.Event()

    async def double(x):
        await asyncio.sleep(0.01)
        return 2 * x

    def job(loop):
        began.set()
        go.wait(30)
        got.append(asyncio.run_coroutine_threadsafe(double(4), loop).result(30))

    go = threading.Event()

    async def main():
        loop = asyncio.get_running_loop()
        loop.run_in_executor(None, job, loop)

    with stopped(loops, main) as loop:
        assert began.wait(30)
        # Not before the tasks were looked at: their layer would cancel it.
        loop.call_later(0.1, go.set)
        sp.sweep(loop, timeout=60)
    assert got == [8]


def test_a_job_that_hangs_is_named_with_its_line(loops):
    release, began = threading.Event(), threading.Event()

    def hangs():
        began.set()
        release.wait(60)

    async def waits(begun):
        begun.set_result(None)
        await asyncio.get_running_loop().run_in_executor(None, hangs)

    try:
        with stopped(loops, begins, waits) as loop:
            assert began.wait(30)
            report = unclean(sp.ShutdownTimeout, loop, timeout=0.5)
            assert loop.is_closed()
        assert "abandoned" in report
        assert "it still runs" in report
        assert "hangs" in report
        assert "test_sweep_exit.py:" in report
    finally:
        release.set()


HANGS = """
    loop = asyncio.new_event_loop()

    async def deaf(begun):
        begun.set_result(None)
        while True:
            try:
                await asyncio.sleep(60)
            except asyncio.CancelledError:
                print("cancelled", flush=True)

    async def main():
        begun = loop.create_future()
        asyncio.ensure_future(deaf(begun))
        await begun
"""


def test_ctrl_c_hurries_it_and_is_raised_at_the_end(start):
    running = start(
        HANGS
        + """
    loop.run_until_complete(main())
    try:
        sp.sweep(loop, timeout=1000)
    except KeyboardInterrupt:
        print("interrupted", loop.is_closed(), signal.getsignal(signal.SIGINT) is signal.default_int_handler)
"""
    )
    assert running.line() == "cancelled"
    running.process.send_signal(signal.SIGINT)
    ended = running.wait()
    assert (ended.returncode, ended.err) == (0, ""), ended
    assert ended.out.splitlines()[-1] == "interrupted True True", ended


def test_a_second_ctrl_c_ends_what_blocks(start):
    """Nothing else can: it blocks the thread of the sweep."""
    running = start(
        """
        loop = asyncio.new_event_loop()

        async def blocks(begun):
            begun.set_result(None)
            try:
                await asyncio.sleep(60)
            finally:
                # Not by `print`, which the handler may interrupt.
                signal.signal(signal.SIGUSR1, lambda *_: os.write(1, b"first\\n"))
                os.write(1, b"blocks\\n")
                time.sleep(1000)

        async def main():
            begun = loop.create_future()
            asyncio.ensure_future(blocks(begun))
            await begun

        loop.run_until_complete(main())
        try:
            sp.sweep(loop, timeout=1000)
        except KeyboardInterrupt:
            print("interrupted", loop.is_closed())
        """
    )
    assert running.line() == "blocks"
    running.process.send_signal(signal.SIGINT)
    # Handlers are called in the order of the numbers of their signals: this one after that.
    running.process.send_signal(signal.SIGUSR1)
    assert running.line() == "first"
    running.process.send_signal(signal.SIGINT)
    ended = running.wait()
    assert (ended.returncode, ended.out, ended.err) == (0, "interrupted True\n", ""), ended


def test_a_handler_of_the_users_own_that_raises(start):
    running = start(
        HANGS
        + """
    class Stop(KeyboardInterrupt):  # of others a task makes its result
        pass

    def handler(*_):
        raise Stop

    signal.signal(signal.SIGINT, handler)
    loop.run_until_complete(main())
    try:
        sp.sweep(loop, timeout=1000)
    except Stop:
        print("stopped", loop.is_closed(), signal.getsignal(signal.SIGINT) is handler)
"""
    )
    assert running.line() == "cancelled"
    running.process.send_signal(signal.SIGINT)
    ended = running.wait()
    assert (ended.returncode, ended.err) == (0, ""), ended
    assert ended.out.splitlines()[-1] == "stopped True True", ended


def test_ctrl_c_during_a_sweep_from_within(start):
    running = start(
        """
        async def slow(begun):
            begun.set_result(None)
            try:
                await asyncio.sleep(60)
            finally:
                print("cancelled", flush=True)
                await asyncio.sleep(1000)

        async def main():
            begun = asyncio.get_running_loop().create_future()
            asyncio.ensure_future(slow(begun))
            await begun
            await sp.sweep(timeout=1000)

        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            print("interrupted")
        """
    )
    assert running.line() == "cancelled"
    running.process.send_signal(signal.SIGINT)
    ended = running.wait()
    assert (ended.returncode, ended.out, ended.err) == (0, "interrupted\n", ""), ended


def test_a_cancellation_of_the_caller_hurries_it(loops):
    sweeps, seen = [], []

    async def slow(begun):
        begun.set_result(None)
        try:
            await asyncio.sleep(60)
        finally:
            sweeps[0].cancel()
            try:
                await asyncio.sleep(1000)
            finally:
                seen.append("cancelled again")

    async def main():
        await begins(slow)
        sweeps.append(asyncio.ensure_future(sp.sweep(timeout=1000)))
        await sweeps[0]

    with pytest.raises(asyncio.CancelledError):
        loops.run(main())
    assert seen == ["cancelled again"]


LEFT = """
    loop = asyncio.new_event_loop()

    async def works(begun):
        begun.set_result(None)
        try:
            await asyncio.sleep(60)
        finally:
            print("cleaned up")
            {ending}

    async def main():
        begun = loop.create_future()
        asyncio.ensure_future(works(begun))
        await begun
        await asyncio.create_subprocess_exec("sleep", "60")
        await loop.run_in_executor(None, time.sleep, 0)
        await sp.sleep(0.001)

    loop.run_until_complete(main())
    sp.sweep_at_exit(loop, timeout=30)
    atexit.register(lambda: print("still open", not loop.is_closed()))
"""


def test_at_exit(script):
    assert script(LEFT.format(ending="pass")) == "still open True\ncleaned up\n"


def test_what_fails_at_exit_is_printed(script):
    script(LEFT.format(ending="raise LookupError('at the end')"), noise="LookupError: at the end")


def test_a_loop_that_is_closed_before_the_exit(script):
    script("loop = asyncio.new_event_loop()\nsp.sweep_at_exit(loop)\nloop.close()\n")
    script("loop = asyncio.new_event_loop()\nsp.sweep_at_exit(loop)\nprint(sp.sweep(loop).count('sweep.tasks'))\n")


def test_after_the_module_has_ended_it_is_refused(script):
    """Handlers that were registered before the module was imported come after its own."""
    script(
        """
        def late():
            try:
                sp.sweep(asyncio.new_event_loop())
            except sp.ShutdownError as error:
                print(error)

        atexit.register(late)
        import sundown_pytest as sp
        """,
        prelude="import asyncio, atexit, sys\n",
    )


def test_it_is_not_imported_before_it_is_called(script):
    script(
        """
        import sys
        assert "asyncio" not in sys.modules
        import sundown_pytest as sp
        assert sp.sweep.__module__ == sp.ShutdownError.__module__
        assert "asyncio" not in sys.modules
        """,
        prelude="",
    )


def test_its_source_is_in_tracebacks(script):
    out = script(
        """
        import traceback
        try:
            sp.sweep(asyncio.new_event_loop(), timeout=-1)
        except ValueError:
            traceback.print_exc(file=sys.stdout)
        """
    )
    assert 'File "<sundown/sweep.py>"' in out
    assert "raise ValueError" in out
