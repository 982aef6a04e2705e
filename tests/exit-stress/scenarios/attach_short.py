# Futures of the user's attach to the interpreter on the runtime's workers, for a moment at a time, also at exit.
#
# stdout: attaching
import asyncio
import threading

import stress
from ending import end

called = threading.Event()
futures = []


async def main():
    futures.extend(stress.attach_on_worker(called.set, 50) for _ in range(4))
    await stress.value(1)


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
called.wait()
print("attaching")
end()
