# Futures of the user's attach to the interpreter on the runtime's workers and compute there, in pure Python, without an
# end. What is sent to interrupt them comes late in the budget for the exit, which is two seconds.
#
# stdout: attaching
import asyncio
import os
import threading

import stress
from ending import end

os.environ["SUNDOWN_EXIT_TIMEOUT"] = "2"  # seconds
called = threading.Event()
futures = []


def busy():
    called.set()
    while True:
        sum(range(100))


async def main():
    futures.append(stress.attach_on_worker(busy, 50))


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
called.wait()
print("attaching")
end()
