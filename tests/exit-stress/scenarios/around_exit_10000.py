# Ten thousand futures complete in the 50 ms around the interpreter's exit, on a loop that is still open.
#
# stdout: 10000 in flight
import asyncio
import random
import time

import stress
from ending import end

futures = []


async def main():
    exit_at = time.monotonic() + 0.6
    for _ in range(10_000):
        after = exit_at + random.uniform(-0.025, 0.025) - time.monotonic()
        futures.append(stress.sleep(after * 1000))
    print(len(futures), "in flight")
    await asyncio.sleep(exit_at - time.monotonic())


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
end()
