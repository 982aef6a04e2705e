# A callback from Rust sits in time.sleep(60) when the interpreter exits.
#
# stdout: called
import threading
import time

import stress
from ending import end

called = threading.Event()


def callback():
    called.set()
    time.sleep(60)


stress.call_every(callback, 50)
called.wait()
print("called")
end()
