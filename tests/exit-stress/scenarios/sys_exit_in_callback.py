# sys.exit in a callback of the loop, with futures in flight that complete right then.
#
# exit: 3
# stdout: exiting
import asyncio
import sys

import stress
from ending import end


def leave():
    print("exiting")
    end()
    sys.exit(3)


async def main():
    asyncio.get_running_loop().call_later(0.02, leave)
    await asyncio.gather(*(stress.sleep(10 + number / 50) for number in range(1000)))
    await stress.sleep(60_000)


asyncio.run(main())
