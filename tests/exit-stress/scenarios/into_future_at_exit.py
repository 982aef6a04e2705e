# Rust awaits coroutines of Python's on a loop that stops running when the program ends.
#
# stdout: delegated
import asyncio

import stress
from ending import end

futures = []


async def forever():
    await asyncio.sleep(60)


async def quick():
    await asyncio.sleep(0)
    return 1


async def main():
    futures.extend(stress.delegate(forever) for _ in range(100))
    assert await stress.delegate(quick) == 1
    print("delegated")


asyncio.run(main())
end()
