"""The Python half of `EventLoop`: a private asyncio loop on a thread of its own, and the way it ends.

The thread is made here, and all that lies below the code it runs is Python: see `glue.py`. The methods of `state` are leaves
that record something for Rust and return.
"""

import asyncio
import inspect
import os
import sys
import threading
import weakref
from asyncio import CancelledError
from contextlib import suppress
from contextvars import Context
from functools import cache, partial

#: `asyncio.Task` has `eager_start`.
CAN_START_EAGERLY = sys.version_info >= (3, 12)


@cache
def executor_class():
    """None once the threads were joined at exit: from then on CPython refuses the import, and so every executor."""
    try:
        from concurrent.futures.thread import ThreadPoolExecutor
    except RuntimeError:
        return None

    class Executor(ThreadPoolExecutor):
        """The loop's default executor. It knows what it runs, so that no thread has to block in a join to see the end of
        it."""

        def __init__(self, name):
            super().__init__(thread_name_prefix=name)
            self.jobs = {}
            # A job that begins is in `jobs` before `end` looks. A signal's handler may submit another.
            self.submitting = threading.RLock()

        def submit(self, fn, /, *args, **kwargs):
            with self.submitting:
                job = super().submit(fn, *args, **kwargs)
                self.jobs[job] = fn
            job.add_done_callback(self.forget)
            return job

        def forget(self, job):
            self.jobs.pop(job, None)

        def end(self):
            """Refuses new jobs, cancels those that have not begun, and returns the others."""
            with self.submitting:
                self.shutdown(wait=False, cancel_futures=True)
            return list(self.jobs)

    return Executor


class Begin:
    """What the thread calls. It is freed when the thread runs nothing more, also if that never came to the call, or not far: a
    tracing function has raised, or somebody has sent the thread an exception."""

    __slots__ = ("process", "runner")

    def __init__(self, runner):
        self.runner = runner
        self.process = os.getpid()

    def __call__(self):
        self.runner.main()

    def __del__(self):
        if self.process == os.getpid():  # In a forked child the loop is the parent's.
            self.runner.on_end()


class Runner:
    """One loop and its thread."""

    def __init__(self, loop, state, name, label):
        self.loop = loop
        self.state = state
        self.name = name
        #: What the registry calls it.
        self.label = label
        executor_type = executor_class()
        self.executor = executor_type(name) if executor_type is not None else None
        if self.executor is not None:
            loop.set_default_executor(self.executor)
            if not hasattr(loop, "_default_executor"):
                # uvloop does not show it, but has a place for attributes.
                loop._default_executor = self.executor
                loop.set_default_executor = partial(set_default_executor, type(loop), weakref.ref(loop))
        #: The tasks of `call`.
        self.calls = set()
        self.finishing = None
        self.over = False
        #: Taken once: by the thread when it begins, or by who gives it up before that.
        self.begun = threading.Lock()
        #: Done when no task is waited for any more; when nothing is.
        self.tasks_forced = loop.create_future()
        self.all_forced = loop.create_future()

    def start(self):
        thread = daemon(Begin(self), self.name)
        thread._sundown_works_for = self.label  # for an audit, also when nothing else knows the loop any more
        thread.start()

    def give_up(self):
        """After `start` failed: no thread could be made; or Ctrl-C, also while the thread begins. One of the two closes the
        loop."""
        if self.begun.acquire(blocking=False):
            self.loop.close()
        else:
            self.over = True
            with suppress(RuntimeError):  # closed
                self.loop.call_soon_threadsafe(self.loop.stop)

    def main(self):
        if not self.begun.acquire(blocking=False):
            return
        self.state.entered()
        try:
            self.serve()
            self.close_what_is_left()
        finally:
            try:
                self.loop.close()
            finally:
                # `asyncio.all_tasks`, of any loop, goes through every task of the process that is still referred to.
                self.finishing = None
                self.state.closed()

    def on_end(self):
        """The thread runs nothing more. It has closed the loop, unless it ended before it came to that."""
        if self.state.is_closed():
            return
        self.begun.acquire(blocking=False)
        try:
            self.loop.close()
        finally:
            self.state.closed()
            self.state.never_entered()

    def serve(self):
        while not self.over:
            try:
                self.loop.run_forever()
            except Exception as error:
                self.complain("the event loop broke", error)
                return
            except BaseException:
                # `SystemExit` and its like end the task that raised them, which has them as its result, and not the loop.
                pass

    def call(self, number, function, arguments):
        """Calls for Rust. What is awaited becomes a task, in the context around this."""
        if not self.state.begin(number, label(function)):
            raise CancelledError
        task = None
        try:
            result = function(*arguments)
            if not inspect.isawaitable(result):
                return result
            coroutine = result if inspect.iscoroutine(result) else awaited(result)
            if CAN_START_EAGERLY and self.loop.get_task_factory() is None:
                task = asyncio.Task(coroutine, loop=self.loop, eager_start=True)
            else:
                task = self.loop.create_task(coroutine)
            return task
        finally:
            self.state.suspended()
            if task is None:
                self.state.ended(number)
            elif task.done():
                self.ended(number, task)
            else:
                self.calls.add(task)
                task.add_done_callback(partial(self.ended, number))

    def ended(self, number, task):
        self.calls.discard(task)
        if not self.state.ended(number):
            self.look_at(task)

    def stop(self):
        """Ends the loop, from a callback of its own."""
        if self.finishing is None:
            self.state.stopping()
            self.finishing = asyncio.Task(self.finish(), loop=self.loop)

    def force_tasks(self):
        if not self.tasks_forced.done():
            self.tasks_forced.set_result(None)

    def force_all(self):
        self.force_tasks()
        if not self.all_forced.done():
            self.all_forced.set_result(None)

    async def finish(self):
        try:
            await self.end_tasks()
            self.state.drained()
            await self.end_executor()
        except Exception as error:
            self.complain("the shutdown of the event loop failed", error)
        finally:
            self.over = True
            self.loop.stop()

    async def end_tasks(self):
        while True:
            tasks = self.tasks()
            if not tasks:
                generators = asyncio.ensure_future(self.loop.shutdown_asyncgens())
                if not await self.within(generators, self.tasks_forced):
                    self.state.detail("asynchronous generators were not closed in time")
                    return
                if not self.tasks():
                    return
                continue
            # What a call fails with goes to Rust.
            others = [task for task in tasks if task not in self.calls]
            self.state.left([label(task) for task in tasks])
            for index, task in enumerate(tasks):
                task.add_done_callback(partial(self.left, index))
                task.cancel()
            if not await self.within(asyncio.gather(*tasks, return_exceptions=True), self.tasks_forced):
                await self.force(tasks)
                return
            for task in others:
                self.look_at(task)

    def tasks(self):
        return [task for task in asyncio.all_tasks(self.loop) if task is not self.finishing]

    def left(self, index, task):
        self.state.gone(index)

    async def force(self, tasks):
        """A second cancellation reaches a task that swallowed the first and waits for something else now."""
        for task in tasks:
            task.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        for task in tasks:
            if not task.done():
                self.state.detail(f"`{label(task)}` did not end when it was cancelled")

    def look_at(self, task):
        """Reports an error that is seen nowhere else."""
        if task.cancelled() or task.exception() is None:
            return
        error = task.exception()
        if self.finishing is not None:
            self.state.detail(f"`{label(task)}` failed when it was cancelled: {type(error).__qualname__}")
        if isinstance(error, Exception):
            self.complain("a task failed that nothing waits for", error, task)

    async def end_executor(self):
        if self.executor is None:
            return
        jobs = [asyncio.wrap_future(job) for job in self.executor.end()]
        for job in jobs:
            job.add_done_callback(self.note_jobs)
        self.note_jobs()
        if not jobs or await self.within(asyncio.gather(*jobs, return_exceptions=True), self.all_forced):
            # The threads have nothing left to do but to end.
            self.executor.shutdown(wait=True)
            self.state.waiting(None)
        else:
            running = self.running_jobs()
            for job in jobs:
                job.cancel()  # so that its end is of no interest to the closed loop
            if running is not None:
                self.state.abandoned(running)
        others = getattr(self.loop, "_default_executor", self.executor)
        if others is not self.executor and others is not None:
            await self.end_others(others)

    def note_jobs(self, _job=None):
        """For the report, should this thread have no time to answer for itself when the budget is over."""
        self.state.waiting(self.running_jobs())

    def running_jobs(self):
        names = sorted(f"`{label(function)}`" for function in list(self.executor.jobs.values()))
        return f"threads of its executor still run {', '.join(names)}" if names else None

    async def end_others(self, executor):
        """Of an executor of the user's nothing is known but its `shutdown`, which blocks: so on a thread."""
        ended = self.loop.create_future()

        def join():
            error = None
            try:
                executor.shutdown(wait=True)
            except BaseException as caught:
                error = caught
            try:
                self.loop.call_soon_threadsafe(ended.set_result, error)
            except RuntimeError:  # closed meanwhile
                pass

        thread = daemon(join, self.name)
        thread._sundown_works_for = self.label
        thread.start()
        running = "an executor of the user's still runs something"
        self.state.waiting(running)
        if not await self.within(ended, self.all_forced):
            self.state.abandoned(running)
            return
        self.state.waiting(None)
        # It has nothing left to do but to end, and would otherwise outlive the loop, whose shutdown says that it has ended.
        thread.join()
        error = ended.result()
        if error is not None:
            self.state.detail(f"an executor of the user's failed when it was shut down: {type(error).__qualname__}")
            self.complain("an executor could not be shut down", error)

    async def within(self, future, forced):
        """Whether `future` is done before it is no longer waited for."""
        await asyncio.wait({future, forced}, return_when=asyncio.FIRST_COMPLETED)
        return future.done()

    def close_what_is_left(self):
        """Coroutines whose tasks were given up end here, where nothing steps them any more, and not in a garbage collection."""
        for task in self.tasks():
            task._log_destroy_pending = False
            close = getattr(task.get_coro(), "close", None)
            if close is None:
                continue
            try:
                close()
            except BaseException as error:
                self.complain("a coroutine could not be closed", error, task)

    def complain(self, message, error, task=None):
        context = {"message": f"{message} (event loop `{self.name}`)", "exception": error}
        if task is not None:
            context["task"] = task
        self.loop.call_exception_handler(context)


def daemon(target, name):
    """A thread with an empty context, as in `glue.py`."""
    context = {"context": Context()} if sys.version_info >= (3, 14) else {}
    return threading.Thread(target=target, name=name, daemon=True, **context)


def set_default_executor(kind, reference, executor):
    loop = reference()
    kind.set_default_executor(loop, executor)
    loop._default_executor = executor


async def awaited(awaitable):
    return await awaitable


def label(thing):
    """What a report calls a task or a callable."""
    if isinstance(thing, asyncio.Future):
        thing = thing.get_coro() if hasattr(thing, "get_coro") else thing
    while isinstance(thing, partial):
        thing = thing.func
    name = getattr(thing, "__qualname__", None)
    return name if isinstance(name, str) else type(thing).__qualname__
