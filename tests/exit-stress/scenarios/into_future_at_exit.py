# Rust awaits coroutines of Python's on a loop that stops running when the program ends.
#
# stdout: delegated
import asyncio

import stress
from ending import end

futures = []
started = 0


async def forever():
    global started
    started += 1
    await asyncio.sleep(60)


async def quick():
    await asyncio.sleep(0)
    return 1


async def main():
    futures.extend(stress.delegate(forever) for _ in range(100))
    assert await stress.delegate(quick) == 1
    while started < 100:
        await asyncio.sleep(0.001)
    print("delegated")


asyncio.run(main())
end()
