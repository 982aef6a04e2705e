# SIGTERM arrives with 500 futures in flight, and a handler of the program's ends it.
#
# exit: 143
# stdout: running
# stdout: handled
import asyncio
import os
import signal
import sys

import stress
from ending import end


def handler(number, frame):
    print("handled")
    sys.exit(143)


def terminate():
    print("running")
    end()
    os.kill(os.getpid(), signal.SIGTERM)


async def main():
    asyncio.get_running_loop().call_later(0.01, terminate)
    await asyncio.gather(*(stress.sleep(milliseconds) for milliseconds in range(5, 505)))


signal.signal(signal.SIGTERM, handler)
asyncio.run(main())
