# An exit handler that was registered before the module was imported runs after the module has shut down: what it asks
# for is refused, by an exception. The twin, which never shuts down, may serve it.
#
# stdout: the handler has run
import asyncio
import atexit

from ending import end


async def flush():
    await asyncio.gather(*(stress.sleep(1) for _ in range(10)))


def handler():
    try:
        asyncio.run(flush())
    except RuntimeError:
        pass
    print("the handler has run")


async def main():
    await stress.value(1)


atexit.register(handler)

import stress

asyncio.run(main())
end()
