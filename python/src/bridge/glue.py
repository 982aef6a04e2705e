"""The Python half of sundown's asyncio bridge.

Whatever runs Python code runs from here, so that no Rust frame lies below it: CPython up to 3.13 unwinds a thread that
wants the GIL during finalization, and a Rust frame in its way aborts the process. The Rust methods that are called
(`bridge.take` and the like) are leaves: they hand over plain values and return.
"""

import asyncio
import inspect
import select
import socket
import sys
import threading
import weakref
from asyncio import CancelledError, InvalidStateError, ensure_future, get_running_loop
from collections import deque
from contextlib import suppress
from contextvars import Context
from functools import partial
from time import monotonic
from types import CoroutineType

#: So long, in seconds, a loop is kept from its other callbacks by a batch of completions.
SLICE = 0.001

#: The number of completions that are taken at a time, at most; between two batches the clock is looked at.
BATCH = 128

#: No object of these is awaitable: `inspect.isawaitable` takes longer to say so than all the rest of a call.
PLAIN = frozenset({type(None), bool, int, float, str, bytes, tuple, list, dict})

#: `asyncio.Task` has `eager_start`.
CAN_START_EAGERLY = sys.version_info >= (3, 12)

#: The gate is closed: nothing enters Rust from here any more. Set from Rust.
closed = False

#: The bridge of each loop, by a `Reference`: a reader of the loop owns it (see `Keeper`), and is freed with the loop
#: or when that is closed.
bridges = weakref.WeakKeyDictionary()
#: In seconds; not more, because some loops count milliseconds in 32 bits.
DAY = 86_400

#: What `cancel_tasks` of this thread has yet to cancel.
cancelling = threading.local()

_cancel = asyncio.Future.cancel
_result = asyncio.Future.result
_set_result = asyncio.Future.set_result
_set_exception = asyncio.Future.set_exception


class Batch:
    """What is taken from a bridge at once: futures and their values, futures that failed and their errors, those of them that
    their runtime has dropped, an iterator over calls, and whether there is more. Filled by `bridge.take`, `calls` last; it is
    None until then. `call` is that under way, on a thread that serves callbacks."""

    __slots__ = ("call", "calls", "errors", "failed", "futures", "lost", "more", "values")

    def __init__(self):
        self.call = self.calls = None


class Reference(weakref.ref):
    """To a bridge. The attribute `next` is the one to that which has taken its place, because it was closed and its loop was
    not: an exception came while it was made."""


class RustFuture(asyncio.Future):
    """The future of a Rust task. Cancelling it drops the Rust future."""

    __slots__ = ("_sundown_key",)

    def cancel(self, msg=None):
        # 3.11 deprecates a message, so that none is passed unless there is one.
        message = () if msg is None else (msg,)
        if closed or self.done():
            return _cancel(self, *message)
        bridge, _ = open_bridge(self.get_loop())
        try:
            tasks = bridge.abort(self._sundown_key) if bridge is not None else None
            if tasks:
                cancel_tasks(tasks, message)
        finally:
            _cancel(self, *message)
        return self.cancelled()


class EnteringFuture(RustFuture):
    """Of the `__aenter__` of a factory. It tells `_sundown_enter` what it hands over, not before: a task that is cancelled when the
    future is done, and has not gone on yet, never gets it, and there is nothing that its `__aexit__` would close."""

    __slots__ = ()

    def __await__(self):
        self._sundown_awaited = True
        try:
            made = yield from RustFuture.__await__(self)
        finally:
            self._sundown_awaited = False
        return self.handed_over(made)

    __iter__ = __await__

    def result(self):
        """A task that awaits it calls this too, also if it then raises that it was cancelled."""
        made = _result(self)
        return made if self._sundown_awaited else self.handed_over(made)

    def handed_over(self, made):
        enter, self._sundown_enter = self._sundown_enter, None
        if enter is not None and not closed:
            enter(made)
        return made


def entering(future, enter):
    """Makes the future of a Rust task one of an `__aenter__`."""
    future._sundown_enter, future._sundown_awaited = enter, False
    future.__class__ = EnteringFuture
    return future


def cancel_tasks(tasks, message):
    """Cancels what Rust awaits for a future, before those who await the future can see its cancellation. A task may await such a
    future in its turn: a chain is worked off by the outermost call, because it may be longer than the stack."""
    if getattr(cancelling, "queue", None) is not None:
        cancelling.queue.extend(tasks)
        return
    queue = cancelling.queue = deque(tasks)
    try:
        while queue:
            queue.popleft().cancel(*message)
    finally:
        cancelling.queue = None
        for task in queue:  # Ctrl-C, or a `cancel` that raises
            task.get_loop().call_soon(task.cancel)


async def rust_coroutine(start):
    """The coroutine of a Rust future, which `start` spawns: not before the coroutine begins."""
    return await start()


def other_library():
    """The name of the async library that runs on this thread instead of asyncio, or None. Looks at what is imported."""
    trio = sys.modules.get("trio")
    if trio is not None:
        with suppress(RuntimeError, AttributeError):  # It does not run here, or is imported half-way.
            trio.lowlevel.current_trio_token()
            return "trio"
    # Where others say that they run, as https://sniffio.readthedocs.io has it.
    name = getattr(getattr(sys.modules.get("sniffio"), "thread_local", None), "name", None)
    return name if isinstance(name, str) and name != "asyncio" else None


def open_bridge(loop):
    """The bridge of `loop`, if it has one that is open; and the last reference, to which the next is added if it has none."""
    bridge = last = None
    try:
        reference = bridges.get(loop)
        while reference is not None:
            bridge, last = reference(), reference
            if bridge is not None and not bridge.closed:
                return bridge, last
            reference = vars(last).get("next")
        return None, last
    finally:
        bridge = None


def bridge_for(loop, make):
    """The bridge of `loop`, which `make` makes at its first use. Of threads that come at the same time one makes it."""
    bridge = first = None
    try:
        while True:
            first, last = open_bridge(loop)
            if first is not None:
                return first
            if bridge is None:
                bridge = make()
            reference = Reference(bridge)
            # In C: no other thread comes in between.
            if last is None:
                added = bridges.setdefault(loop, reference)
            else:
                added = vars(last).setdefault("next", reference)
            if added is reference:
                break
        bridges[loop] = reference  # The closed ones are forgotten.
        if asyncio._get_running_loop() is loop:
            connect(bridge)
        else:
            # Until then the loop's queue owns the bridge. A closed loop says so here.
            loop.call_soon_threadsafe(connect, bridge, context=Context())
    except BaseException:  # also Ctrl-C, at any point
        if bridge is not None:
            bridge.close()  # The next use makes another: nothing would ever wake the loop for this one.
        bridge = first = None  # The exception has this frame.
        raise
    return bridge


class Keeper:
    """Owns the bridge for its loop. A reader of the loop has it, of a descriptor that is never readable and that all bridges
    share: a loop that is closed lets go of its readers, and the garbage collector sees them.

    The reader that calls `drain` does not own the bridge. An exception from a callable has a traceback, and its frames have
    those that called them, down to the loop's, which has the readers that were ready: who keeps the exception would keep
    the bridge open after the loop's end. For the same reason the functions below forget the bridge when they return.
    """

    __slots__ = ("__weakref__", "bridge", "closer", "generator")

    def __init__(self, bridge):
        self.bridge = bridge
        self.generator = self.closer = None

    def __call__(self):
        """Never, as a reader; as a timer, where the loop does not read at all: it lets go of those too when it is closed."""
        if self.bridge is not None:
            get_running_loop().call_later(DAY, self, context=Context())


class Closer:
    """Of a loop that is about to be closed: when it is nothing steps its tasks any more. Those that the bridge has made for Rust
    since the others were cancelled end then, and not with "Task was destroyed but it is pending"."""

    __slots__ = ("bridge",)

    def __init__(self, bridge):
        self.bridge = bridge

    def __del__(self):
        if closed:
            return
        tasks = self.bridge.tasks()
        self.bridge.close()
        for task in tasks:
            close_task(task)


def connect(bridge):
    """Lets the running loop watch the bridge's descriptor, in a context that keeps nothing of the caller's alive."""
    if bridge.closed:
        return
    loop = get_running_loop()
    keeper = Keeper(bridge)
    try:
        watch(loop, bridge, keeper)
        keeper.generator = watch_end(loop, keeper)
    except BaseException:  # also Ctrl-C, at any point
        keeper.bridge = keeper.closer = None
        with suppress(Exception):
            loop.remove_reader(bridge.descriptor)
        bridge.close()  # The next use makes another: nothing would ever wake the loop for this one.
        bridge = None  # The exception has this frame.
        raise


def watch(loop, bridge, keeper):
    try:
        Context().run(loop.add_reader, bridge.descriptor, drain, weakref.ref(bridge))
        Context().run(loop.add_reader, bridge.unready, keeper)
        return
    except Exception:  # it has none, or cannot watch this kind of descriptor
        with suppress(Exception):
            loop.remove_reader(bridge.descriptor)
    receive(loop, bridge, keeper)


class Receiver:
    """A socket that gets a byte when there is something to take, once until all is taken; and its end, when the bridge is freed."""

    __slots__ = ("__weakref__", "here", "keeper", "loop", "receiving", "reference", "there")

    def __init__(self, bridge, loop=None, keeper=None):
        self.here = self.there = self.receiving = None
        self.keeper = keeper
        self.loop = weakref.ref(loop) if loop is not None else None
        self.reference = weakref.ref(bridge)
        self.here, self.there = socket.socketpair()
        self.here.setblocking(keeper is None)
        bridge.wake_by(self.there.fileno())
        self.there.close()

    def __del__(self):
        self.close()

    def close(self):
        self.keeper = None
        for name in ("receiving", "here", "there"):
            closes = getattr(self, name, None)  # They are not there, if Ctrl-C came at the beginning.
            if closes is not None:
                closes.close()
        self.receiving = None

    def poll(self):
        """For a thread: blocks until something has come."""
        self.here.recv(64)

    def wait(self, loop):
        """Has the loop receive. Whether something has come before that.

        The coroutine is stepped here. A task would be one of the loop's, which `asyncio.run` cancels, and waits for, while some
        of them still wait for the bridge; and since 3.14 a task and what it waits for refer to each other, so that only a
        garbage collection would free the bridge of a loop that was closed.
        """
        come = False
        future = None
        try:
            while self.keeper is not None:
                if self.receiving is None:
                    self.receiving = loop.sock_recv(self.here, 64).__await__()
                try:
                    future = self.receiving.send(None)
                    break
                except StopIteration as received:
                    self.receiving = None
                    come = True
                    bridge = self.reference()
                    if not received.value or closed or bridge is None or bridge.closed:
                        self.close()
                    bridge = None
            if future is not None:
                future._asyncio_future_blocking = False
                future.add_done_callback(Wake(self), context=Context())
        except BaseException:
            if future is not None:
                future.cancel()
            raise
        return come

    def give_up(self, instead):
        """What has come may be lost. By another socket it comes again; or `begin_to_relay`, where a loop cannot receive."""
        loop, keeper = self.loop(), self.keeper
        self.close()
        if loop is not None and keeper is not None and not loop.is_closed() and not closed:
            loop.call_soon_threadsafe(begin_again, instead, loop, keeper, context=Context())


class Wake:
    """What the loop calls when a receiver has something. It owns the receiver, and so the keeper, until then: a loop that is closed
    lets go of it. A loop that lets go of it before, because Ctrl-C came when it was about to call it, goes on with another."""

    __slots__ = ("receiver",)

    def __init__(self, receiver):
        self.receiver = receiver

    def __call__(self, ended):
        receiver = reference = None
        try:
            receiver, self.receiver = self.receiver, None
            if receiver.keeper is None and not ended.cancelled():
                ended.exception()  # Another receives. That the socket was closed is no error.
            come = receiver.wait(get_running_loop())
            # An exception that is kept has the frames below it: none of them may have the keeper.
            reference, receiver = receiver.reference, None
            if come:
                drain(reference)
        except BaseException as error:
            if receiver is None:
                bridge = reference() if reference is not None else None
                if bridge is not None:
                    bridge.stay_woken()
                bridge = None
                raise
            if isinstance(error, (Exception, CancelledError)):
                receiver.give_up(begin_to_relay)
            else:
                receiver.give_up(receive)
                raise

    def __del__(self):
        if getattr(self, "receiver", None) is not None:
            self.receiver.give_up(receive)


def receive(loop, bridge, keeper):
    """For a loop that watches no descriptors but receives from sockets, as that of Windows does."""
    receiver = Receiver(bridge, loop, keeper)
    try:
        if Context().run(receiver.wait, loop):
            loop.call_soon(drain, receiver.reference, context=Context())
    except (Exception, CancelledError):  # it has nothing like that
        receiver.close()
        begin_to_relay(loop, bridge, keeper)


def begin_again(begin, loop, keeper):
    bridge = keeper.bridge
    try:
        if bridge is not None and not bridge.closed and not closed:
            begin(loop, bridge, keeper)
    except Exception:
        bridge.close()  # The next use makes another: nothing would ever wake the loop for this one.
        raise
    except BaseException:
        loop.call_soon(begin_again, begin, loop, keeper, context=Context())
        raise
    finally:
        bridge = None


def begin_to_relay(loop, bridge, keeper):
    """For a loop that cannot receive either."""
    keeper()
    arguments = (weakref.ref(loop), weakref.ref(bridge), Receiver(bridge))
    daemon(relay, arguments, "sundown-relay").start()


def daemon(target, arguments, name):
    """A thread with an empty context. Since 3.14 one may inherit that of its maker (`sys.flags.thread_inherit_context`): it would
    keep that alive, and show it to what others call there."""
    context = {"context": Context()} if sys.version_info >= (3, 14) else {}
    return threading.Thread(target=target, args=arguments, name=name, daemon=True, **context)


def watch_end(loop, keeper):
    """A generator of the loop's, which `loop.shutdown_asyncgens()` closes: `asyncio.run` and its like call that when they have
    cancelled all tasks, and before they close the loop. None if that was already."""
    if getattr(loop, "_asyncgens_shutdown_called", False):
        return None
    generator = end_tasks(weakref.ref(loop), weakref.ref(keeper))
    finalizer = sys.get_asyncgen_hooks().finalizer
    try:
        # If it is collected the loop is, too, or was closed: then there is nothing to be awaited.
        sys.set_asyncgen_hooks(finalizer=None)
        generator.__anext__().send(None)
    except StopIteration:  # it has yielded
        pass
    finally:
        sys.set_asyncgen_hooks(finalizer=finalizer)
    return generator


async def end_tasks(loop_reference, keeper_reference):
    """Cancels and awaits the tasks that Rust has begun while `asyncio.run` cancelled those that there were. Not if a coroutine
    awaits `loop.shutdown_asyncgens()`: that goes on afterwards, and so does its loop.

    A loop that is run again afterwards cannot be told from one that is about to be closed. What Rust awaits ends there as the
    loop's generators do, with an error that says why; what Rust awaits later goes on, as generators do that begin later."""
    try:
        yield
    except GeneratorExit:
        loop, keeper = asyncio._get_running_loop(), keeper_reference()
        bridge = keeper.bridge if keeper is not None else None
        if loop is not None and loop is loop_reference() and bridge is not None and not closed:
            keeper.closer = Closer(bridge)
            tasks = bridge.tasks() if is_shut_down_by_a_task(loop) else ()
            keeper = bridge = None
            for task in tasks:
                task.cancel("`loop.shutdown_asyncgens()` has ended what Rust awaited on this loop")
            if tasks:
                await asyncio.wait(tasks)
        raise


def is_shut_down_by_a_task(loop):
    """Whether `loop.shutdown_asyncgens()` is a task of its own, as `loop.run_until_complete` makes it one."""
    return any(getattr(task.get_coro(), "__name__", None) == "shutdown_asyncgens" for task in asyncio.all_tasks(loop))


def close_task(task):
    if task.done():
        return
    task._log_destroy_pending = False
    try:
        task.get_coro().close()
    except Exception as error:
        message = "a coroutine that Rust awaited could not be closed with its loop"
        task.get_loop().call_exception_handler({"message": message, "exception": error, "task": task})


def relay(loop_reference, bridge_reference, receiver):
    """A thread that wakes a loop which reads nothing: once per batch. What another thread sends it (`PyThreadState_SetAsyncExc`)
    does not end it, for nothing else would wake the loop. The outer `while` is as that of `serve`.

    Its frame has neither the loop nor the bridge: up to Python 3.12 a debugger that looks at the variables of a frame keeps them
    while the frame lives, and the bridge would be open when its loop is freed."""
    is_due, attempts = False, 0
    try:
        while True:
            try:
                while not closed:
                    try:
                        if not is_due:
                            is_due = True  # until the loop knows: once too often does no harm
                            if not receiver.here.recv(64):
                                return  # The bridge is freed, or another thread receives for it.
                        attempts += 1
                        if attempts > 3 or not wake_loop(loop_reference, bridge_reference):
                            close_bridge(bridge_reference)
                            return
                        is_due, attempts = False, 0
                    except BaseException as error:
                        report_on_thread(error)
                return
            except BaseException as error:  # between two bytecodes that the inner `try` does not cover
                report_on_thread(error)
    finally:
        receiver.close()


def wake_loop(loop_reference, bridge_reference):
    """Has the loop drain its bridge. False if one of them is closed or gone."""
    loop = loop_reference()
    try:
        if loop is None or getattr(bridge_reference(), "closed", True):
            return False
        loop.call_soon_threadsafe(drain, bridge_reference, context=Context())
        return True
    except Exception:
        if loop is None or loop.is_closed():
            return False
        raise
    finally:
        loop = None  # An exception that is kept has this frame.


def close_bridge(bridge_reference):
    bridge = bridge_reference()
    try:
        if bridge is not None and not closed:
            bridge.close()
    finally:
        bridge = None


def drain(reference):
    """What the loop calls when the bridge's descriptor is readable."""
    give_way = monotonic() + SLICE
    limit = 1  # The first may take the whole slice: a slow callable, a long conversion.
    batch = Batch()
    bridge = reference()
    try:
        while bridge is not None and not closed:
            bridge.take(batch, limit)
            if batch.calls is None:
                return
            settle(bridge, batch)
            more = batch.more
            batch = Batch()
            if not more:
                return
            if monotonic() > give_way:
                # The descriptor stays readable, so that the loop comes back after a round of its other callbacks.
                bridge.stay_woken()
                return
            limit = min(2 * limit, BATCH)
    except BaseException:
        # Ctrl-C, say. Nothing that was taken is lost, and nothing that is left is forgotten.
        if batch.calls is not None:
            get_running_loop().call_soon(settle_rest, reference, batch)
        if bridge is not None:
            bridge.stay_woken()
        raise
    finally:
        bridge = None


def settle_rest(reference, batch):
    bridge = reference()
    if bridge is None:
        return
    try:
        settle(bridge, batch)
    except BaseException:
        get_running_loop().call_soon(settle_rest, reference, batch)
        raise
    finally:
        bridge = None


def settle(bridge, batch):
    """Does what a batch says. Called again after an exception it does the rest: what is settled stays as it is, and the
    iterator over the calls goes on."""
    results = map(_set_result, batch.futures, batch.values)
    while True:
        try:
            deque(results, maxlen=0)  # A loop in C.
            break
        except InvalidStateError:
            pass  # The next call goes on behind it.
    for future, error in zip(batch.failed, batch.errors):
        fail(future, error)
    for future in batch.lost:
        # Who awaits it has the error. To whom has abandoned it, asyncio would print "exception was never retrieved".
        future._log_traceback = False
    call = None
    try:
        for call in batch.calls:
            perform(bridge, call)
            call = None
    except BaseException as error:
        if call is not None and call[0] is not None:
            bridge.fail(call[0], error)  # It may have its answer; but not if `perform` had not begun.
        raise
    finally:
        bridge = None


def fail(future, error):
    try:
        if isinstance(error, CancelledError):
            _cancel(future, *error.args[:1])
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
    """Calls a callable for Rust, starts an awaitable, reports an error, or cancels a task that Rust no longer waits for."""
    key, function, arguments, context = call
    if key is None:
        if arguments is not None:
            function(*arguments)
        elif inspect.iscoroutine(function):
            function.close()  # it has not begun
        elif hasattr(function, "cancel"):
            function.cancel()
        return
    try:
        try:
            result, is_awaited = function, arguments is None
            if not is_awaited:
                result = context.run(function, *arguments) if context is not None else function(*arguments)
                is_awaited = type(result) not in PLAIN and inspect.isawaitable(result)
                if is_awaited and not on_loop:
                    if inspect.iscoroutine(result):
                        result.close()
                    raise TypeError("an async callable needs an event loop: make the Callback while one is running")
            if is_awaited:
                task = start(result, context)
                finished = bridge.finished(key)
                if task.done():
                    finished(task)
                else:
                    task.add_done_callback(finished, context=context)
                    if not bridge.started(key, task, task is not result):
                        task.cancel()
        except BaseException as error:
            fail_call(bridge, key, without_this_frame(error))
            if on_loop and isinstance(error, (KeyboardInterrupt, SystemExit)):
                raise
            return
        if not is_awaited:
            bridge.finish(key, result)  # Not above: what is raised after the answer has to go on.
    finally:
        bridge = None


def report(error, function):
    """Does with an error that Rust returns to nobody what asyncio does with that of a task that nobody awaits."""
    if isinstance(error, CancelledError):
        return
    loop = asyncio._get_running_loop()
    if loop is not None:
        message = f"Rust code that called {function!r} has an error that it returns to nobody"
        loop.call_exception_handler({"message": message, "exception": error, "callback": function})
        return
    report_on_thread(error)


def report_on_thread(error):
    with suppress(BaseException):  # of a hook that fails itself: the thread goes on
        arguments = (type(error), error, error.__traceback__, threading.current_thread())
        threading.excepthook(threading.ExceptHookArgs(arguments))


def start(awaitable, context):
    """A task that awaits it, in a copy of `context`, as `create_task` would take one.

    Since 3.12 a coroutine can run up to its first `await` at once: one that does not await needs no round of the loop.
    """
    if CAN_START_EAGERLY and type(awaitable) is CoroutineType:
        loop = get_running_loop()
        if loop.get_task_factory() is None:
            context = context.copy() if context is not None else None
            return asyncio.Task(awaitable, loop=loop, context=context, eager_start=True)
    get_loop = getattr(awaitable, "get_loop", None) if asyncio.isfuture(awaitable) else None
    if get_loop is not None and get_loop() is not get_running_loop():
        # As asyncio says it of an `await`: nothing would wake this loop.
        raise RuntimeError(f"Rust awaits {awaitable!r}, which is attached to a different loop")
    return ensure_future(awaitable) if context is None else context.run(ensure_future, awaitable)


def fail_call(bridge, key, error):
    try:
        unseen = bridge.fail(key, error)
    finally:
        bridge = None
    if unseen:
        report_unseen(error)


def report_unseen(error):
    """Through the loop's handler. A cancellation is no error, and what is no `Exception` ends the loop."""
    if not isinstance(error, Exception) or isinstance(error, CancelledError):
        return
    message = "a shielded awaitable that Rust no longer waits for has raised"
    get_running_loop().call_exception_handler({"message": message, "exception": error})


def without_this_frame(error):
    """An exception that the caller has caught, with a traceback from the next frame on: ours has the bridge, which must not
    outlive its loop because somebody keeps the exception."""
    traceback = error.__traceback__
    return error if traceback is None else error.with_traceback(traceback.tb_next)


def serve(bridge, poller, batch):
    """A thread of a `Callback` that has no loop. What another thread sends it (`PyThreadState_SetAsyncExc`) ends the call
    that it meets, and not the thread: others are called here, too. The outer `while` is for an exception between two bytecodes
    that the inner `try` does not cover, as at the end of a round."""
    try:
        while True:
            try:
                while not closed:
                    try:
                        if batch.calls is None:
                            poller.poll()
                            bridge.take(batch, BATCH)
                            if batch.calls is None:
                                return
                            if batch.more:
                                bridge.stay_woken()
                        # In C: what has left the iterator is in `call`, wherever an exception comes.
                        for _ in map(partial(setattr, batch, "call"), batch.calls):
                            perform(bridge, batch.call, on_loop=False)
                            batch.call = None
                        batch.calls = None
                    except BaseException as error:
                        end_call(bridge, batch, error)
                return
            except BaseException as error:
                end_call(bridge, batch, error)
    finally:
        if not closed:
            bridge.close()  # Nobody waits for this thread.
        bridge = batch = None  # An exception that is kept has this frame, below that of its callable.


def end_call(bridge, batch, error):
    """An exception that is not the callable's own: for the call that it has met, or nobody's."""
    call = batch.call
    try:
        if call is not None and call[0] is not None and bridge.expects(call[0]):
            bridge.fail(call[0], error)
        else:
            report_on_thread(error)  # There was no call, or it has its answer.
        batch.call = None
        bridge.stay_woken()
    finally:
        bridge = batch = None


def readable(bridge):
    """What a thread waits by until there is something to take."""
    if not hasattr(select, "poll"):
        return Receiver(bridge)
    poller = select.poll()
    poller.register(bridge.descriptor, select.POLLIN)
    return poller


def start_serving(bridge, name):
    daemon(serve, (bridge, readable(bridge), Batch()), name).start()


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
            message = "an async generator that Rust reads has raised"
            get_running_loop().call_exception_handler({"message": message, "exception": error, "asyncgen": generator})
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
            task.exception()  # This is it, or a signal's handler raised another: nothing else will ask.
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
