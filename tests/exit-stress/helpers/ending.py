"""What every scenario ends with."""

import os
import time


class _Ballast:
    __slots__ = ()

    def __del__(self):
        pass


# A program of some size: the interpreter finalizes it for some 10 ms, and does so in Python. What threads do in that time
# is what the scenarios are about; with next to nothing to finalize, the process would be gone before they wake up.
_ballast = [_Ballast() for _ in range(100_000)]


def end():
    """Says that the main module has nothing more to do, and when that was: exit times are measured from here."""
    os.write(1, b"@end %d\n" % time.monotonic_ns())
