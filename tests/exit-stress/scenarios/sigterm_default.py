# SIGTERM arrives with 500 futures in flight. Nobody handles it.
#
# exit: SIGTERM
# stdout: running
import asyncio
import os
import signal

import stress
from ending import end


def terminate():
    print("running", flush=True)
    end()
    os.kill(os.getpid(), signal.SIGTERM)


async def main():
    asyncio.get_running_loop().call_later(0.01, terminate)
    await asyncio.gather(*(stress.sleep(milliseconds) for milliseconds in range(5, 505)))


asyncio.run(main())
