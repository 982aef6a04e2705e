# os._exit with futures, callbacks and blocking work in flight: no exit handler runs.
#
# exit: 5
# stdout: leaving
import asyncio
import os

import stress
from ending import end

futures = []


async def main():
    futures.extend(stress.sleep(number / 50) for number in range(1000))
    futures.append(stress.blocking(100))
    stress.call_every(futures.copy, 50)
    await stress.sleep(5)
    print("leaving", flush=True)
    end()
    os._exit(5)


asyncio.run(main())
