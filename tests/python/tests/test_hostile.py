"""What users' code may do where the bridge calls it: nothing of anybody else's gets lost."""

import asyncio
import gc
import linecache
import queue
import signal
import sys
import threading
import time
import weakref

import pytest
import sundown_pytest as sp


class Own(Exception):
    pass


async def in_one_batch(bad):
    """Awaits twenty futures before `bad()` and twenty after it, all of which are ready when the loop looks."""
    futures = [sp.ready(number) for number in range(20)]
    futures.append(bad())
    futures += [sp.ready(number) for number in range(20)]
    time.sleep(0.1)  # the loop does not look meanwhile; an event would be seen by looking
    _, pending = await asyncio.wait(futures, timeout=10)
    assert not pending
    return futures[20]


def test_an_exception_that_cannot_be_made_takes_nothing_with_it(all_loops):
    async def main():
        bad = await in_one_batch(sp.panic_in_exception)
        with pytest.raises(sp.RuntimePanic, match="no arguments"):
            await bad
        with pytest.raises(sp.RuntimePanic, match="no arguments"):
            await sp.eager_panic_in_exception()

    all_loops.run(main())


def test_a_report_whose_exception_cannot_be_made_takes_nothing_with_it(all_loops):
    async def main():
        reported = asyncio.Queue()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.put_nowait(context))
        assert await (await in_one_batch(lambda: sp.report_unmakeable(print, False)))
        context = await asyncio.wait_for(reported.get(), 20)
        assert isinstance(context["exception"], sp.RuntimePanic)
        assert "no arguments" in str(context["exception"])
        assert context["callback"] is print

    all_loops.run(main())


def test_a_report_on_a_thread_whose_exception_cannot_be_made(monkeypatch):
    reported = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", reported.put)

    async def main():
        assert await sp.report_unmakeable(print, True)

    asyncio.run(main())
    arguments = reported.get(timeout=20)
    assert arguments.exc_type is sp.RuntimePanic
    assert "no arguments" in str(arguments.exc_value)


def test_a_result_that_panics_in_its_drop_takes_nothing_with_it(all_loops):
    probe = sp.Probe()

    def cancelled():
        future = sp.panic_in_drop(probe)
        assert probe.wait_dropped()
        time.sleep(0.05)
        future.cancel()
        return future

    async def main():
        assert (await in_one_batch(cancelled)).cancelled()

    all_loops.run(main())


@pytest.mark.parametrize("kind", ["asyncio", "without-add-reader"])
def test_a_handler_that_raises_while_a_batch_is_taken_loses_nothing(kind):
    from conftest import Loops

    def handler(*_):
        raise Own

    before = signal.signal(signal.SIGUSR1, handler)
    loop = Loops(kind).new()
    loop.set_exception_handler(lambda *_: None)  # asyncio hands it an `Exception`
    try:
        task = loop.create_task(in_one_batch(lambda: sp.signal_in_conversion(signal.SIGUSR1)))
        loop.run_until_complete(asyncio.wait([task], timeout=20))
        assert task.done()
        task.result()
    finally:
        loop.close()
        signal.signal(signal.SIGUSR1, before)


@pytest.mark.parametrize("thread", [False, True])
def test_an_extraction_that_panics(all_loops, thread):
    async def coroutine():
        await asyncio.sleep(0)

    async def main():
        with pytest.raises(sp.RuntimePanic, match="not extracted"):
            await sp.call_unextractable(lambda: None, thread)
        if not thread:
            with pytest.raises(sp.RuntimePanic, match="not extracted"):
                await sp.call_unextractable(coroutine, thread)

    all_loops.run(main())


def test_a_call_that_was_dropped_before_it_began_is_not_made(all_loops):
    called = []

    async def coroutine():
        called.append("coroutine")

    async def main():
        probe = sp.Probe()
        for count, callable in enumerate((lambda: called.append("function"), coroutine), 1):
            future = sp.call_within(callable, 20, probe)
            assert probe.wait_dropped(count), "the loop does not look meanwhile"
            assert not await future
        sp.drop_unpolled(coroutine())
        # What comes later in the same queue has been called, and what that began may run.
        assert await sp.call(lambda x: x, 1) == 1
        for _ in range(10):
            await asyncio.sleep(0)
        assert not called

    all_loops.run(main())


def test_slow_calls_let_the_loop_turn(loops):
    turns = 0

    async def heartbeat():
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    def slow(number):
        time.sleep(0.002)
        return number

    async def main():
        beat = asyncio.ensure_future(heartbeat())
        assert await sp.call_many(slow, 200, 200) == sum(range(200))
        beat.cancel()

    loops.run(main())
    assert turns >= 150, "each call takes longer than the slice of a batch"


def test_an_exception_that_is_kept_keeps_no_bridge_open(all_loops):
    probe = sp.Probe()
    kept = []

    def fails(*_):
        raise Own

    async def at_once():
        raise Own

    async def later():
        await asyncio.sleep(0)
        raise Own

    async def main():
        for make in (lambda: sp.relay(at_once()), lambda: sp.relay(later()), lambda: sp.call(fails, None)):
            try:
                await make()
            except Own as error:
                kept.append(error)
        sp.never(probe)
        assert probe.wait_started()

    all_loops.run(main())
    assert probe.wait_dropped(), "the loop is closed: what it waited for is dropped"
    assert len(kept) == 3


def test_errors_of_coroutines_are_freed_without_the_collector(all_loops):
    async def fails():
        await asyncio.sleep(0)
        raise Own

    async def main():
        alive = []
        gc.collect()
        gc.disable()
        try:
            for _ in range(20):
                try:
                    await sp.relay(fails())
                except Own as error:
                    alive.append(weakref.ref(error))
            await sp.ready(None)
            return sum(reference() is not None for reference in alive)
        finally:
            gc.enable()

    assert all_loops.run(main()) <= 1


def test_eager_without_a_loop_polls_nothing():
    probe = sp.Probe()
    with pytest.raises(RuntimeError, match="no running event loop"):
        sp.eager_probed(probe)
    assert probe.started == 0


def test_a_cancelled_generator_is_no_end_of_a_stream(loops):
    async def cancelled():
        yield 1
        raise asyncio.CancelledError

    async def main():
        with pytest.raises(asyncio.CancelledError):
            await sp.take_v1(cancelled(), 10)

    loops.run(main())


def test_run_in_a_running_loop(recwarn):
    async def main():
        with pytest.raises(RuntimeError, match="event loop runs"):
            sp.run_awaiting(lambda: asyncio.sleep(0))
        gc.collect()

    asyncio.run(main())
    assert not recwarn.list


def test_a_loop_whose_relay_cannot_start_is_tried_again(monkeypatch):
    from conftest import Loops

    async def main():
        with monkeypatch.context() as patch:

            def start(_):
                raise RuntimeError("can't start new thread")

            patch.setattr(threading.Thread, "start", start)
            with pytest.raises(RuntimeError, match="new thread"):
                sp.ready(1)
        assert await asyncio.wait_for(sp.ready(2), 10) == 2

    Loops("without-add-reader").run(main())


@pytest.mark.parametrize("kind", ["asyncio", "proactor", "without-add-reader"])
def test_ctrl_c_at_any_line_of_a_loops_first_use(kind):
    """As a signal's handler would raise it: at the entry of each function and before each line that Python runs there, in turn."""
    from conftest import Loops, descriptors, interrupt_at, only_new_garbage, wait_until

    async def first_use(line):
        before = len(descriptors())
        sys.settrace(interrupt_at(line))
        try:
            future = sp.ready(1)
        except KeyboardInterrupt:
            interrupted = True
        else:
            interrupted = False
        finally:
            sys.settrace(None)
        if not interrupted:
            assert await future == 1
        assert await asyncio.wait_for(sp.ready(2), 10) == 2
        gc.collect()
        # A wakeup, and the two ends of its socket; those of the one that was interrupted are closed.
        assert wait_until(lambda: len(descriptors()) <= before + 3)
        return interrupted

    async def runtime_is_up():
        await sp.ready(None)

    Loops(kind).run(runtime_is_up())  # It has descriptors of its own.
    line = 1
    with only_new_garbage():
        while Loops(kind).run(first_use(line)):
            line += 1
    assert line > 15, "it saw the lines"


def test_no_file_of_ours_is_looked_for_and_tracebacks_have_its_lines():
    """coverage.py leaves out what is in angle brackets, and fails for any other file that it does not find."""

    async def main():
        future = sp.ready(1)
        await future
        return type(future).cancel.__code__

    code = asyncio.run(main())
    assert code.co_filename == "<sundown/glue.py>"
    linecache.checkcache()
    assert linecache.getline(code.co_filename, code.co_firstlineno) == "    def cancel(self, msg=None):\n"


def test_a_signal_handler_uses_the_module_during_its_first_use(script):
    """The handler runs inside the first call, which loads the glue."""
    script("""
        class Garbage:
            def __init__(self):
                self.cycle = self

            def __del__(self):
                sp.ready(1)

        import gc
        async def main():
            gc.disable()
            for _ in range(200):
                Garbage()
            gc.enable()
            gc.set_threshold(1, 1, 1)
            assert await sp.ready(5) == 5
            gc.set_threshold(700, 10, 10)
        asyncio.run(main())
    """)


def test_a_callback_of_the_parents_raises_in_a_child(script):
    script(
        """
        import warnings
        warnings.simplefilter("ignore")
        kept = sp.Called.on_thread(lambda x: x)
        assert kept.call(42) == 42
        child = os.fork()
        if child == 0:
            signal.alarm(20)
            try:
                kept.call(42)
            except sp.ForkedProcessError:
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert kept.call(42) == 42
        """,
        forks=True,
    )


class Ended(asyncio.Future):
    """A future that has ended, and whose methods raise."""

    in_exception = in_result = None

    def exception(self):
        if self.in_exception is not None:
            raise self.in_exception
        return super().exception()

    def result(self):
        if self.in_result is not None:
            raise self.in_result
        return super().result()


class TestAFutureWhoseMethodsRaise:
    """Rust gets what an `await` in a coroutine gets: that asks for the result, and for nothing else."""

    @pytest.fixture
    def ended(self, all_loops):
        def run(waits, **raises):
            async def main():
                future = Ended()
                for name, error in raises.items():
                    setattr(future, name, error)
                if waits:
                    asyncio.get_running_loop().call_soon(future.set_result, "result")
                else:
                    future.set_result("result")
                return await sp.relay(future)

            return all_loops.run(main())

        return run

    @pytest.mark.parametrize("waits", [False, True])
    def test_of_exception(self, ended, waits):
        assert ended(waits, in_exception=ValueError("no part of an answer")) == "result"

    @pytest.mark.parametrize("waits", [False, True])
    def test_of_result(self, ended, waits):
        with pytest.raises(ValueError, match="the answer"):
            ended(waits, in_result=ValueError("the answer"))

    @pytest.mark.parametrize("waits", [False, True])
    @pytest.mark.parametrize("method", ["in_exception", "in_result"])
    def test_an_interrupt_reaches_the_loop(self, all_loops, waits, method):
        """A signal's handler may raise in a method that is written in Python."""

        async def main():
            future = Ended()
            setattr(future, method, KeyboardInterrupt())
            asyncio.get_running_loop().call_later(0.01, future.set_result, "result")
            if not waits:
                await asyncio.sleep(0.05)
            return await sp.relay(future)

        loop = all_loops.new()
        try:
            task = loop.create_task(main())
            with pytest.raises(KeyboardInterrupt):
                loop.run_until_complete(task)
            if method == "in_exception":
                assert loop.run_until_complete(task) == "result"
            else:
                # uvloop may have come to its end in the round of the first, and then it would never stop.
                if not task.done():
                    with pytest.raises(KeyboardInterrupt):
                        loop.run_until_complete(task)
                assert isinstance(task.exception(), KeyboardInterrupt)
        finally:
            loop.close()
