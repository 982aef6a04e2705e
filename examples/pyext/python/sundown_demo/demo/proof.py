"""What the process holds, before and after."""

import collections
import contextlib
import gc
import os
import time
from typing import Callable, Counter

Say = Callable[[str, object], None]


class Proof:
    """Counts threads by name, Rust's too, and descriptors. Nothing where there is no `/proc`."""

    def __init__(self) -> None:
        gc.collect()
        self.threads, self.descriptors = threads(), descriptors()

    def show(self, say: Say) -> bool:
        """Whether no more is held than before."""
        gc.collect()
        # What was dropped and not closed is torn down in the background.
        deadline = time.monotonic() + 5
        while not self.is_clean() and time.monotonic() < deadline:
            time.sleep(0.01)
        say("proof", f"before {sum(self.threads.values())} threads, {self.descriptors} descriptors")
        say("", f"after  {sum(threads().values())} threads, {descriptors()} descriptors")
        for name, count in (threads() - self.threads).items():
            say("LEFT", f"{count} threads called {name!r}")
        return self.is_clean()

    def is_clean(self) -> bool:
        return not threads() - self.threads and descriptors() <= self.descriptors


def threads() -> Counter[str]:
    names: Counter[str] = collections.Counter()
    with contextlib.suppress(FileNotFoundError):
        for task in os.listdir("/proc/self/task"):
            # It may have ended in between.
            with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm", encoding="utf-8") as comm:
                names[comm.read().strip()] += 1
    return names


def descriptors() -> int:
    with contextlib.suppress(FileNotFoundError):
        return len(os.listdir("/proc/self/fd"))
    return 0
