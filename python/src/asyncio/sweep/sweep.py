"""The sweep of an application's own loop: the layers, in their order, within one budget.

The model is the end of `asyncio.run` (`asyncio/runners.py`), which has no budget.
"""

import asyncio
import signal
import threading
from asyncio import CancelledError
from contextlib import suppress
from math import isnan
from time import monotonic

#: In seconds; not more, because some loops count milliseconds in 32 bits.
DAY = 86_400

#: The budget, in seconds, if none is given.
BUDGET = 5.0


def sweep(loop, timeout):
    """`sweep()` in `entry.py`."""
    running = asyncio._get_running_loop()
    record = make_record()
    if loop is None and running is None:
        raise ShutdownError("no event loop runs on this thread: `sweep` needs the one that is to be swept")
    if loop is None or loop is running:
        return sweep_here(Sweep(running, timeout, record, is_inside=True))
    sweep_blocking(loop, timeout, record)
    return record.text()


async def sweep_here(sweep):
    await sweep.inside()
    return sweep.record.text()


def sweep_blocking(loop, timeout, record):
    running = asyncio._get_running_loop()
    if loop is running:
        raise ShutdownError("the event loop runs on this thread: await the sweep, in a coroutine")
    if loop.is_running():
        raise ShutdownError("the event loop runs on another thread: sweep it there, in a coroutine")
    if running is not None:
        raise ShutdownError("another event loop runs on this thread, which the sweep would block")
    Sweep(loop, timeout, record, is_inside=False).outside()


def seconds(timeout):
    timeout = BUDGET if timeout is None else float(timeout)
    if isnan(timeout) or timeout < 0:
        raise ValueError(f"the timeout must be a number of seconds, not {timeout}")
    return min(timeout, DAY)


#: In their order.
LAYERS = (Tasks, Generators, Subprocesses, Watchers, DefaultExecutor)


class Close(Layer):
    """The last layer of a loop that does not run otherwise."""

    name = "loop"

    def close(self):
        try:
            for layer in self.sweep.layers:
                layer.before_close()
            for task in self.sweep.own:
                self.sweep.give_up(task)
        finally:
            try:
                self.loop.close()
            except Exception as error:
                self.add("close", "failed", error=error)


class Sweep:
    """One sweep. Nothing of it is kept in a coroutine: what a signal's handler raises may end any of them, and another goes on."""

    def __init__(self, loop, timeout, record, is_inside):
        self.loop = loop
        self.timeout = seconds(timeout)
        self.record = record
        self.is_inside = is_inside
        self.start = monotonic()
        #: Tasks that are left alone.
        self.own = set()
        #: Nothing is waited for any more but for the end of what was forced.
        self.hurried = False
        self.alarm = None
        #: What is raised at the end instead of the report.
        self.raised = None
        self.layers = [layer(self) for layer in LAYERS]

    # What calls it.

    async def inside(self):
        """In a coroutine of the loop. A cancellation of the caller hurries it, and is raised at its end."""
        self.own.add(asyncio.current_task())
        await self.finish()
        self.finished(self.layers)
        if self.raised is not None:
            raise self.raised

    def outside(self):
        """Blocks this thread, on which no loop runs."""
        last = Close(self)
        if self.loop.is_closed():
            last.requested = 0.0
            last.details.append("it was closed before")
            self.finished([last])
            return
        interrupts = Interrupts(self)
        try:
            try:
                self.run()
            finally:
                with last.measured():
                    last.close()
            self.finished([*self.layers, last])
        finally:
            interrupts.restore()
            raised = self.raised or interrupts.raised
            if raised is not None:
                raise raised

    # How it goes on.

    def run(self):
        """Runs the loop until all is over, or is given up: at the second exception that is raised out of it, but for `SystemExit`,
        which is what a task ends a program with."""
        chances = 2
        task = None
        while chances > 0:
            if task is None or task.done():
                task = asyncio.Task(self.finish(), loop=self.loop, name="sundown.sweep")
                self.own.add(task)
                task.add_done_callback(self.stop)
            try:
                self.loop.run_forever()
            except BaseException as error:
                self.raised = self.raised or error
                if not isinstance(error, SystemExit):
                    self.hurried = True
                    chances -= 1
                # What it waits for may have been lost with a callback that has not begun.
                task = self.give_up(task)
            if task is None or not task.done():
                continue  # or somebody has stopped the loop
            if task.cancelled():
                chances -= 1  # Somebody cancels all tasks.
                continue
            error = task.exception()
            if error is None:
                return
            self.raised = self.raised or error
            chances -= 1
        self.give_up(task)

    def give_up(self, task):
        """Ends a task of the sweep's own, whatever it waits for."""
        if task is None or task.cancelled():
            return
        if task.done():
            task.exception()  # It was raised out of the loop.
            return
        task.remove_done_callback(self.stop)
        task._log_destroy_pending = False
        task.get_coro().close()

    def stop(self, _task):
        self.loop.stop()

    async def finish(self):
        """Ends layer after layer; then what has begun meanwhile. Each may take what is left but for a part of a sixth of the
        whole for each that comes after it, as the steps of a plan."""
        reserve = self.timeout / 6 / max(1, len(self.layers) - 1)
        is_last = False
        while True:
            for index, layer in enumerate(self.layers):
                with layer.measured():
                    await layer.end(self.start + self.timeout - reserve * (len(self.layers) - 1 - index))
            if is_last or not any(layer.has_left() for layer in self.layers):
                return
            is_last = self.hurried or monotonic() - self.start >= self.timeout

    def hurry(self):
        self.hurried = True
        if self.alarm is not None:
            set_done(self.alarm)

    async def within(self, future, until, confirms=False):
        """Whether `future` is done by `until`; or, in a hurry, at once, unless this is the end of what was forced."""
        while not future.done():
            left = until - monotonic()
            if left <= 0 or (self.hurried and not confirms):
                break
            self.alarm = alarm = self.loop.create_future()
            timer = self.loop.call_later(left, set_done, alarm)
            try:
                await asyncio.wait({future, alarm}, return_when=asyncio.FIRST_COMPLETED)
            except CancelledError as error:
                if not self.is_inside:
                    raise
                self.raised = error
                self.hurried = True
            finally:
                timer.cancel()
        return future.done()

    def short(self, most=0.1):
        """How many seconds the end of what was forced is waited for."""
        return min(self.timeout / 5, most)

    def finished(self, layers):
        took = monotonic() - self.start
        self.record.finish(self.timeout, took, [layer.for_report() for layer in layers])


class Interrupts:
    """Ctrl-C while the caller is blocked, as `asyncio.Runner` has it: an event of the loop, and not an exception somewhere in it.
    The first hurries the sweep and is raised at its end, the second is raised where it comes."""

    def __init__(self, sweep):
        self.sweep = sweep
        self.raised = None
        self.is_installed = False
        if threading.current_thread() is threading.main_thread():
            if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
                self.is_installed = True
                signal.signal(signal.SIGINT, self.handle)

    def handle(self, _number, _frame):
        if self.raised is not None:
            raise KeyboardInterrupt
        self.raised = KeyboardInterrupt()
        with suppress(RuntimeError):  # closed
            self.sweep.loop.call_soon_threadsafe(self.sweep.hurry)

    def restore(self):
        if self.is_installed and signal.getsignal(signal.SIGINT) == self.handle:
            signal.signal(signal.SIGINT, signal.default_int_handler)
