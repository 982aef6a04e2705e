"""The mark that the harness measures exit times from."""

import os
import time


def end():
    """Says that the main module has nothing more to do, and when that was."""
    os.write(1, b"@end %d\n" % time.monotonic_ns())
