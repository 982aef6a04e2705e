# Futures of the user's attach to the interpreter on the runtime's workers and compute there, in pure Python, without an
# end.
#
# stdout: attaching
import asyncio
import threading

import stress
from ending import end

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
