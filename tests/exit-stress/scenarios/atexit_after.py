# An exit handler that was registered after the module was imported flushes what is left, with the module.
#
# stdout: flushed 10
import asyncio
import atexit

import stress
from ending import end

pending = list(range(10))


async def flush():
    await asyncio.gather(*(stress.sleep(1) for _ in pending))
    print("flushed", len(pending))


async def main():
    await stress.value(1)


atexit.register(lambda: asyncio.run(flush()))
asyncio.run(main())
end()
