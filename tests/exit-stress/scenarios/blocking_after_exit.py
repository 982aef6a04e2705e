# Blocking work on the runtime's threads ends 5 to 200 ms after the program does.
#
# stdout: started
import asyncio

import stress
from ending import end

futures = []


async def main():
    futures.extend(stress.blocking(after) for after in (5, 10, 20, 50, 100, 200))
    await stress.value(1)
    print("started")


loop = asyncio.new_event_loop()
loop.run_until_complete(main())
end()
