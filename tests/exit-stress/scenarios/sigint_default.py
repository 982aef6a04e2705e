# Ctrl-C arrives during asyncio.run with 500 futures in flight. Python's own handler raises KeyboardInterrupt.
#
# exit: SIGINT
# stdout: running
# stderr: Traceback (most recent call last):…KeyboardInterrupt
import asyncio
import os
import signal

import stress
from ending import end


def interrupt():
    print("running", flush=True)
    end()
    os.kill(os.getpid(), signal.SIGINT)


async def main():
    asyncio.get_running_loop().call_later(0.01, interrupt)
    await asyncio.gather(*(stress.sleep(milliseconds) for milliseconds in range(5, 505)))


asyncio.run(main())
