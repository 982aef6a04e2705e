# The object was closed before the exit, or dropped: it gave up on a callback that computes, which goes on without it.
#
# variants: worker blocking runtime-thread runtime-thread-pool tasks-own thread
# variants: closed dropped
# peer: no
# stdout: abandoned
# seconds: 40
# runs: 2
import gc
import sys
import threading
import time
import warnings

import stress
from ending import end

warnings.simplefilter("ignore", ResourceWarning)
called = threading.Event()


def busy():
    called.set()
    over = time.monotonic() + 30
    while time.monotonic() < over:
        sum(range(1000))


_, place, how = sys.argv
owner = stress.Half(place, busy)
called.wait()
if how == "closed":
    try:
        owner.close()
    except RuntimeError:
        print("abandoned")
else:
    del owner
    gc.collect()
    print("abandoned")
end()
