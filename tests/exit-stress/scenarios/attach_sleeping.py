# A future of the user's sits on a worker in time.sleep(60), in Python, when the program ends. Nothing can wake it; the
# budget for the exit is half a second.
#
# stdout: attaching
import asyncio
import os
import threading
import time

import stress
from ending import end

os.environ["SUNDOWN_EXIT_TIMEOUT"] = "0.5"  # seconds
called = threading.Event()
futures = []


def sleep():
    called.set()
    time.sleep(60)


async def main():
    futures.append(stress.attach_on_worker(sleep, 50))


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
called.wait()
print("attaching")
end()
