"""`python -m sundown_demo`: the three classes at work, and that nothing is left of them."""

import contextlib
import os
import sys
import time
from typing import Iterator

from .demo import client, runner, tool
from .demo.proof import Proof

ACTS = [
    ("Runner: a workflow runner over SQLite", runner.act),
    ("Client: a key-value client, and callbacks", client.act),
    ("ScriptedTool: commands that are Python callbacks", tool.act),
]


def main() -> int:
    # Each act once in silence: what it leaves is what the module shares, such as the runtime that awaitables run on.
    with silence():
        for _, act in ACTS:
            act(lambda *_: None)
    start, clean = time.monotonic(), True
    for number, (title, act) in enumerate(ACTS, 1):
        print(f"{number}. {title}\n")
        proof = Proof()
        act(say)
        clean &= proof.show(say)
        print()
    print(f"All three in {time.monotonic() - start:.1f} s; {'nothing is' if clean else 'SOMETHING IS'} left.")
    return 0 if clean else 1


@contextlib.contextmanager
def silence() -> Iterator[None]:
    """Without what Rust prints of a panic: it writes to the descriptor, and not to `sys.stderr`."""
    stderr, nothing = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nothing, 2)
    try:
        yield
    finally:
        os.dup2(stderr, 2)
        os.close(stderr)
        os.close(nothing)


def say(topic: str, text: object) -> None:
    """A line, or a block of them below the topic's name."""
    first, *rest = str(text).splitlines() or [""]
    print(f"   {topic:<10}{first}")
    for line in rest:
        print(f"   {'':<10}{line}")


if __name__ == "__main__":
    sys.exit(main())
