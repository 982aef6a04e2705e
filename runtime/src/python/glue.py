"""The Python half of sundown's asyncio bridge.

Whatever runs Python code runs from here, so that no Rust frame lies below it: CPython up to 3.13 unwinds a thread that
wants the GIL during finalization, and a Rust frame in its way aborts the process. The Rust methods that are called
(`bridge.take` and the like) are leaves: they hand over plain values and return.
"""

import asyncio
import inspect
import os
import select
import sys
import threading
import weakref
from asyncio import CancelledError, InvalidStateError, ensure_future, get_running_loop
from contextvars import Context
from functools import partial
from itertools import chain
from time import monotonic
from types import CoroutineType

#: So long, in seconds, a loop is kept from its other callbacks by a batch of completions.
SLICE = 0.001

#: `asyncio.Task` has `eager_start`.
CAN_START_EAGERLY = sys.version_info >= (3, 12)

#: The gate is closed: nothing enters Rust from here any more.
closed = False

#: The bridge of each loop, weakly: the loop's reader owns it, so that it is freed with the loop or when that is closed.
bridges = weakref.WeakKeyDictionary()
#: In seconds; not more, because some loops count milliseconds in 32 bits.
DAY = 86_400

_cancel = asyncio.Future.cancel
_set_result = asyncio.Future.set_result
_set_exception = asyncio.Future.set_exception


class RustFuture(asyncio.Future):
    """The future of a Rust task. Cancelling it drops the Rust future."""

    __slots__ = ("_sundown_key",)

    def cancel(self, msg=None):
        # 3.11 deprecates a message, so that none is passed unless there is one.
        cancelled = _cancel(self) if msg is None else _cancel(self, msg)
        if cancelled and not closed:
            reference = bridges.get(self.get_loop())
            bridge = reference() if reference is not None else None
            if bridge is not None:
                bridge.abort(self._sundown_key)
        return cancelled


def close_gate():
    global closed
    closed = True


def bridge_for(loop, make):
    """The bridge of `loop`, which `make` makes at its first use."""
    reference = bridges.get(loop)
    bridge = reference() if reference is not None else None
    if bridge is not None and not bridge.closed:
        return bridge
    bridge = make()
    if reference is not None:
        bridges.pop(loop, None)
    first = bridges.setdefault(loop, weakref.ref(bridge))()
    if first is not bridge and first is not None and not first.closed:
        return first  # another thread was faster: a loop has one bridge, whose keys its futures have
    if asyncio._get_running_loop() is loop:
        connect(bridge)
    else:
        # Until then the loop's queue owns the bridge. A closed loop says so here.
        loop.call_soon_threadsafe(connect, bridge, context=Context())
    return bridge


def connect(bridge):
    """Lets the running loop watch the bridge's descriptor, in a context that keeps nothing of the caller's alive."""
    loop = get_running_loop()
    try:
        Context().run(loop.add_reader, bridge.descriptor, drain, bridge)
    except Exception:  # it has none, or cannot watch this kind of descriptor
        keep(bridge)
        bridge.relayed = True
        arguments = (weakref.ref(loop), weakref.ref(bridge), os.dup(bridge.descriptor))
        threading.Thread(target=relay, args=arguments, name="sundown-relay", daemon=True).start()


def keep(bridge):
    """A timer of the loop owns the bridge: a loop that is closed lets go of its timers, as of its readers."""
    get_running_loop().call_later(DAY, keep, bridge, context=Context())


def relay(loop_reference, bridge_reference, descriptor):
    """A thread that wakes a loop without `add_reader`: once per batch, by `call_soon_threadsafe`."""
    try:
        poller = select.poll()
        poller.register(descriptor, select.POLLIN)
        while not closed:
            poller.poll()
            try:
                os.read(descriptor, 64)
            except BlockingIOError:
                continue
            loop, bridge = loop_reference(), bridge_reference()
            if loop is None or bridge is None or bridge.closed:
                return
            try:
                loop.call_soon_threadsafe(drain, bridge, context=Context())
            except RuntimeError:  # closed
                bridge.close()
                return
            del loop, bridge
    finally:
        os.close(descriptor)


def drain(bridge):
    """What the loop calls when the bridge's descriptor is readable."""
    give_way = monotonic() + SLICE
    while not closed:
        batch = bridge.take()
        if batch is None:
            return
        more, futures, values, failed, errors, calls = batch
        del batch
        settle(bridge, zip(futures, values), zip(failed, errors), iter(calls))
        if not more:
            return
        if monotonic() > give_way:
            # The descriptor stays readable, so that the loop comes back after a round of its other callbacks.
            if bridge.relayed:
                get_running_loop().call_soon(drain, bridge, context=Context())
            return


def settle(bridge, results, failures, calls):
    """Does what a batch says. After an exception (Ctrl-C, say) the rest is done in the loop's next round."""
    future = value = phase = None
    try:
        phase = results
        for future, value in results:
            try:
                _set_result(future, value)
            except InvalidStateError:
                pass
        future = None
        phase = failures
        for future, value in failures:
            fail(future, value)
        future = phase = None
        for call in calls:
            perform(bridge, call)
    except BaseException:
        if future is not None:
            # It may be settled: settling it twice does nothing.
            again = chain(((future, value),), phase)
            results, failures = (again, failures) if phase is results else (results, again)
        get_running_loop().call_soon(settle, bridge, results, failures, calls)
        raise


def fail(future, error):
    try:
        if isinstance(error, CancelledError):
            _cancel(future)
        elif isinstance(error, StopIteration):
            # As asyncio says it since 3.12: it cannot be raised into a future.
            instead = RuntimeError("a Rust future raised StopIteration")
            instead.__cause__ = error
            _set_exception(future, instead)
        else:
            _set_exception(future, error)
    except InvalidStateError:
        pass


def perform(bridge, call, on_loop=True):
    """Calls a callable for Rust, starts an awaitable, or cancels a task that Rust no longer waits for."""
    key, function, arguments, context = call
    if key is None:
        function.cancel()
        return
    try:
        if arguments is None:
            awaitable = function
        else:
            result = context.run(function, *arguments) if context is not None else function(*arguments)
            if not inspect.isawaitable(result):
                bridge.finish(key, result)
                return
            if not on_loop:
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError("an async callable needs an event loop: make the Callback while one is running")
            awaitable = result
        task = start(awaitable, context)
    except BaseException as error:
        bridge.fail(key, error)
        bridge = None  # The error has this frame in its traceback, and may outlive the loop.
        if on_loop and isinstance(error, (KeyboardInterrupt, SystemExit)):
            raise
        return
    if task.done():
        finished(bridge, key, task)
    else:
        task.add_done_callback(partial(finished, bridge, key), context=context)
        if not bridge.started(key, task):
            task.cancel()


def start(awaitable, context):
    """A task that awaits it, in a copy of `context`, as `create_task` would take one.

    Since 3.12 a coroutine can run up to its first `await` at once: one that does not await needs no round of the loop.
    """
    if CAN_START_EAGERLY and type(awaitable) is CoroutineType:
        loop = get_running_loop()
        if loop.get_task_factory() is None:
            context = context.copy() if context is not None else None
            return asyncio.Task(awaitable, loop=loop, context=context, eager_start=True)
    return ensure_future(awaitable) if context is None else context.run(ensure_future, awaitable)


def finished(bridge, key, task):
    if closed:
        return
    try:
        value = task.result()
    except BaseException as error:
        bridge.fail(key, error)
        bridge = task = None  # As in `perform`.
    else:
        bridge.finish(key, value)


def serve(bridge):
    """A thread of a `Callback` that has no loop."""
    poller = select.poll()
    poller.register(bridge.descriptor, select.POLLIN)
    while not closed:
        poller.poll()
        batch = bridge.take()
        if batch is None:
            return
        for call in batch[-1]:
            perform(bridge, call, on_loop=False)
            del call
        del batch


def start_serving(bridge, name):
    threading.Thread(target=serve, args=(bridge,), name=name, daemon=True).start()


async def forward(generator, sender):
    """Sends what an async generator yields into a Rust stream."""
    try:
        async for item in generator:
            sent = sender.send(item)
            if sent is not True and (sent is False or not await sent):
                break
            del item
    except Exception as error:
        if not sender.fail(error):
            raise
    finally:
        sender.close()
        close = getattr(generator, "aclose", None)
        if close is not None:
            await close()


async def awaited(future):
    return await future


def run_until_complete(loop, future):
    """`loop.run_until_complete(future)`, which as such would not return for a bare future that fails with `SystemExit` or
    `KeyboardInterrupt`: asyncio relies on a task to have raised it out of the loop."""
    if loop.is_running() or asyncio._get_running_loop() is not None:
        future.cancel()
        raise RuntimeError("an event loop is already running, on this thread or elsewhere")
    waiting = awaited(future)
    try:
        task = loop.create_task(waiting)
    except BaseException:  # closed
        waiting.close()
        future.cancel()
        raise
    try:
        loop.run_until_complete(task)
    except BaseException:
        if task.done() and not task.cancelled():
            task.exception()  # This is it, or a signal's handler raised another: nobody else will ask.
        raise


def run(loop, future):
    """Runs `future` as `asyncio.run` does: what is left of the loop's tasks is cancelled, then the loop is closed."""
    try:
        run_until_complete(loop, future)
    finally:
        try:
            tasks = asyncio.all_tasks(loop)
            for task in tasks:
                task.cancel()
            loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True) if tasks else asyncio.sleep(0))
            for task in tasks:
                if not task.cancelled() and task.exception() is not None:
                    loop.call_exception_handler(
                        {"message": "unhandled exception at the end of run()", "exception": task.exception(), "task": task}
                    )
            loop.run_until_complete(loop.shutdown_asyncgens())
            loop.run_until_complete(loop.shutdown_default_executor())
        finally:
            loop.close()
