"""Of the sweep: tasks and asynchronous generators."""

import asyncio
import gc
from functools import partial
from time import monotonic
from weakref import WeakSet

#: A coroutine that is closed may make another task, and so on. At most this many times that is looked at.
ROUNDS = 10


class Tasks(Layer):
    name = "tasks"

    def __init__(self, sweep):
        super().__init__(sweep)
        self.count = 0
        #: Of a loop that runs, `all_tasks` has those only that were made on this thread (3.14).
        self.before = asyncio.all_tasks(self.loop)
        #: Those that did not end when they were cancelled.
        self.given_up = set()
        #: What was reported: a parent fails with the exception of its child.
        self.errors = []

    def left(self):
        tasks = {task for task in self.before if not task.done()} | asyncio.all_tasks(self.loop)
        tasks -= self.sweep.own | self.given_up
        return tasks - waiting_for(self.sweep.own, tasks) if self.sweep.is_inside else tasks

    async def end(self, until):
        while True:
            tasks = self.left()
            if not tasks:
                return
            self.count += len(tasks)
            self.details[:] = [f"cancelled {self.count}"]
            drained = self.loop.create_future()
            running = set(tasks)
            for task in tasks:
                task.add_done_callback(partial(self.ended, running, drained))
            self.cancel(tasks)
            if await self.sweep.within(drained, until - self.sweep.short()):
                continue
            late = set(running)
            # This reaches a task that swallowed the first, and waits for something else now.
            self.cancel(late)
            await self.sweep.within(drained, monotonic() + self.sweep.short(), confirms=True)
            for task in late - running:
                self.add(name_of(task), "forced", detail=f"{coroutine_of(task)} ended when it was cancelled again")
            self.given_up |= running
            if monotonic() >= until or self.sweep.hurried:
                # What these have begun meanwhile is cancelled, and not waited for.
                begun = self.left()
                self.cancel(begun)
                self.given_up |= begun
                return

    def ended(self, running, drained, task):
        running.discard(task)
        if not running:
            set_done(drained)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None and not is_among(error, self.errors):
            self.errors.append(error)
            self.add(name_of(task), "failed", error=error, detail=coroutine_of(task))

    def cancel(self, tasks):
        """`Task.cancel` cancels what the task waits for, which may be a task, and so on: by recursion, for which a chain may be
        too long. So only those at the ends of chains are cancelled: that is what the others would do, and be cancelled by."""
        for task in tasks:
            self.cancel_one(task)

    def cancel_one(self, task):
        waiter = getattr(task, "_fut_waiter", None)
        if waiter is None or waiter.done():
            task.cancel()
        elif hasattr(waiter, "_fut_waiter"):
            waiter.add_done_callback(partial(self.go_on, task))
        elif hasattr(waiter, "_children"):
            waiter.add_done_callback(partial(self.go_on, task))
            cancel_gathered(waiter)
        else:
            task.cancel()

    def go_on(self, task, waiter):
        """Called after the task has gone on. If what it waited for has a result all the same, nothing has cancelled the task."""
        if not task.done() and not waiter.cancelled() and waiter.exception() is None:
            self.cancel_one(task)

    def before_close(self):
        """The coroutines of those that were given up end here, where nothing steps them any more, and not in a collection."""
        for _ in range(ROUNDS):
            tasks = self.given_up | self.left()
            self.given_up.clear()
            for task in tasks:
                self.close(task)
            self.sweep.own |= tasks
            if not tasks:
                return

    def close(self, task):
        name = coroutine_of(task)
        if task.done():
            self.add(name_of(task), "forced", detail=f"{name} ended late")
            return
        task._log_destroy_pending = False
        try:
            task.get_coro().close()
        except Exception as error:
            self.add(name_of(task), "abandoned", f"{name} could not be closed: {error}")
        else:
            self.add(name_of(task), "forced", detail=f"{name} did not end when it was cancelled, and was closed")

    def for_report(self):
        for task in self.given_up:
            if task.done():
                self.add(name_of(task), "forced", detail=f"{coroutine_of(task)} ended late")
            else:
                self.add(name_of(task), "abandoned", f"{coroutine_of(task)} did not end when it was cancelled")
        return super().for_report()


def cancel_gathered(gathered):
    """As the `cancel` of what `asyncio.gather` returns, but for the tasks, which are cancelled anyway; and without recursion."""
    stack = [gathered]
    while stack:
        gathered = stack.pop()
        if hasattr(gathered, "_cancel_requested"):
            gathered._cancel_requested = True
        for child in gathered._children:
            if child.done() or hasattr(child, "_fut_waiter"):
                continue
            if hasattr(child, "_children"):
                stack.append(child)
            else:
                child.cancel()


def waiting_for(own, tasks):
    """Those of `tasks` that wait for one of `own`, in whatever way of asyncio's: they cannot end before it does, and a
    cancellation of theirs would be one of `own`."""
    waiters = {}
    for task in tasks:
        waiter = getattr(task, "_fut_waiter", None)
        if waiter is not None:
            waiters.setdefault(id(waiter), []).append(task)
    found = set()
    stack = list(own)
    seen = set()
    while stack:
        thing = stack.pop()
        if id(thing) in seen:
            continue
        seen.add(id(thing))
        for task in waiters.get(id(thing), ()):
            if task not in found and task not in own:
                found.add(task)
                stack.append(task)
        if asyncio.isfuture(thing):
            for callback in getattr(thing, "_callbacks", None) or ():
                stack.extend(owners(callback[0] if isinstance(callback, tuple) else callback, tasks, found))
    return found


def owners(callback, tasks, found):
    """What a callback of a future's is for: the future of a `gather`, a `wait` or a `wait_for`, and the task of a `TaskGroup`."""
    things = []
    if isinstance(callback, partial):
        things.extend(callback.args)
        callback = callback.func
    for cell in getattr(callback, "__closure__", None) or ():
        try:
            things.append(cell.cell_contents)
        except ValueError:  # empty
            pass
    parent = getattr(getattr(callback, "__self__", None), "_parent_task", None)
    if parent is not None and parent in tasks:
        found.add(parent)
        things.append(parent)
    return [thing for thing in things if asyncio.isfuture(thing)]


def name_of(task):
    return task.get_name() if hasattr(task, "get_name") else coroutine_of(task)


def coroutine_of(task):
    coroutine = task.get_coro() if hasattr(task, "get_coro") else task
    name = getattr(coroutine, "__qualname__", None)
    return f"`{name if isinstance(name, str) else type(coroutine).__qualname__}`"


class Generators(Layer):
    """Asynchronous generators that were not read to their end."""

    name = "generators"

    def __init__(self, sweep):
        super().__init__(sweep)
        self.given_up = []

    def left(self):
        return [
            generator
            for generator in self.known()
            if generator.ag_frame is not None
            and not generator.ag_running
            and not is_among(generator, self.given_up)
            # A bridge has one, by whose end it knows that of its loop.
            and not (self.sweep.is_inside and generator.ag_code.co_filename.startswith("<sundown/"))
        ]

    def known(self):
        """Those that were begun, of which a loop has a set. That of uvloop does not show it."""
        generators = getattr(self.loop, "_asyncgens", None)
        if generators is None:
            generators = next((thing for thing in gc.get_referents(self.loop) if type(thing) is WeakSet), ())
        return list(generators)

    async def end(self, until):
        """As `loop.shutdown_asyncgens`, which does not say which of them is late."""
        while generators := self.left():
            ended = self.loop.create_future()
            running = {}
            for generator in generators:
                task = asyncio.Task(closing(generator), loop=self.loop, name="sundown.sweep.generators")
                self.sweep.own.add(task)
                running[task] = generator
                task.add_done_callback(partial(self.closed, running, ended))
            if await self.sweep.within(ended, until - self.sweep.short()):
                continue
            late = list(running.items())
            for task, _ in late:
                task.cancel()
            await self.sweep.within(ended, monotonic() + self.sweep.short(), confirms=True)
            for task, generator in late:
                if task.done():
                    self.add(generator.__qualname__, "forced", detail="it was cancelled")
                else:
                    self.given_up.append(generator)
                    self.add(generator.__qualname__, "abandoned", "it does not end")

    def closed(self, running, ended, task):
        generator = running.pop(task)
        if not running:
            set_done(ended)
        if not task.cancelled() and task.exception() is not None:
            self.add(generator.__qualname__, "failed", error=task.exception())
        if generator.ag_frame is not None:
            self.given_up.append(generator)  # It has yielded instead, which is the error.


async def closing(generator):
    await generator.aclose()
