# A thousand futures are in flight when the program ends; nobody awaits them any more.
#
# stdout: 1000 in flight
import asyncio

import stress
from ending import end

futures = []


async def main():
    futures.extend(stress.sleep(60_000) for _ in range(1000))
    await stress.sleep(1)
    print(len(futures), "in flight")


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
end()
