"""Of the sweep: the loop's default executor."""

import gc
import os
import sys
import threading
from concurrent.futures import Executor
from contextvars import Context
from time import monotonic


class DefaultExecutor(Layer):
    name = "executor"

    def __init__(self, sweep):
        super().__init__(sweep)
        self.ended = None

    def find(self):
        if hasattr(self.loop, "_default_executor"):
            return self.loop._default_executor
        # That of uvloop has it, and does not show it.
        return next((thing for thing in gc.get_referents(self.loop) if isinstance(thing, Executor)), None)

    def left(self):
        executor = self.find()
        return [] if executor is None or executor is self.ended else [executor]

    async def end(self, until):
        """The loop turns meanwhile: what a thread does may need it."""
        if not self.has_left():
            return
        self.ended = executor = self.find()
        threads = list(getattr(executor, "_threads", ()))
        joined = self.loop.create_future()
        joiner = daemon(lambda: self.join(executor, joined))
        try:
            joiner.start()
        except RuntimeError:
            # While the interpreter exits no thread can be made, and CPython has joined those of all executors.
            executor.shutdown(wait=False)
            for thread in threads:
                thread.join(0 if self.sweep.hurried else max(0.0, until - monotonic()))
            self.name_late(threads)
            return
        if not await self.sweep.within(joined, until):
            self.name_late(threads)
            return
        joiner.join()
        if joined.result() is not None:
            self.add("shutdown", "failed", error=joined.result())

    def join(self, executor, joined):
        error = None
        try:
            try:
                executor.shutdown(wait=True, cancel_futures=True)
            except TypeError:  # one of the user's own
                executor.shutdown(wait=True)
        except BaseException as caught:
            error = caught
        try:
            self.loop.call_soon_threadsafe(lambda: joined.done() or joined.set_result(error))
        except RuntimeError:  # closed meanwhile
            pass

    def name_late(self, threads):
        late = [thread for thread in threads if thread.is_alive()]
        frames = sys._current_frames()
        for thread in late:
            place = where(frames.get(thread.ident))
            self.add(thread.name, "abandoned", f"it still runs{place}; the interpreter waits for it at its exit")
        if not late and not threads:
            self.add("shutdown", "abandoned", "it still runs something")


def where(frame):
    """The function that was given to an executor, and the line it is at."""
    found = None
    while frame is not None and not frame.f_code.co_filename.endswith(os.path.join("futures", "thread.py")):
        found, frame = frame, frame.f_back
    if found is None:
        return ""
    code = found.f_code
    name = getattr(code, "co_qualname", code.co_name)
    return f" `{name}` ({os.path.basename(code.co_filename)}:{found.f_lineno})"


def daemon(target):
    """A thread with an empty context, as in `glue.py`."""
    context = {"context": Context()} if sys.version_info >= (3, 14) else {}
    return threading.Thread(target=target, name="sundown-sweep", daemon=True, **context)
