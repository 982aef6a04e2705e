# Ctrl-C arrives during asyncio.run with 500 futures in flight, and a handler of the program's ends it.
#
# exit: 3
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
    sys.exit(3)


def interrupt():
    print("running")
    end()
    os.kill(os.getpid(), signal.SIGINT)


async def main():
    asyncio.get_running_loop().call_later(0.01, interrupt)
    await asyncio.gather(*(stress.sleep(milliseconds) for milliseconds in range(5, 505)))


signal.signal(signal.SIGINT, handler)
asyncio.run(main())
