# Rust calls a Python function every 50 microseconds, also while the interpreter exits. Like everything that reads, writes
# or logs, it lets other threads run in between.
#
# stdout: called
import threading
import time

import stress
from ending import end

called = threading.Event()


def callback():
    called.set()
    time.sleep(0)


stress.call_every(callback, 50)
called.wait()
print("called")
end()
