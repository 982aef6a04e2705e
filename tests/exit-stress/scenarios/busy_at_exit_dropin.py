# A future of the drop-in calls Python on its worker, which computes there for longer than the exit may take.
#
# variants: 0.5 2 5
# stdout: called
# seconds: 40
# runs: 1
import asyncio
import os
import sys
import threading
import time

import stress
from ending import end

os.environ["SUNDOWN_EXIT_TIMEOUT"] = sys.argv[1]  # seconds
called = threading.Event()
futures = []


def busy():
    called.set()
    over = time.monotonic() + 30
    while time.monotonic() < over:
        sum(range(1000))


async def main():
    futures.append(stress.attach_on_worker(busy, 50))


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
called.wait()
print("called")
end()
