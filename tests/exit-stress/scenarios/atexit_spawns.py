# An exit handler starts new work of every kind and does not wait for it.
#
# stdout: started
import asyncio
import atexit
import contextlib

import stress
from ending import end

kept = []


async def start():
    kept.extend(stress.sleep(milliseconds) for milliseconds in range(100))
    kept.extend(stress.blocking(milliseconds) for milliseconds in (1, 10, 50))
    with contextlib.suppress(RuntimeError):  # 3.12 starts no thread any more, and this needs one
        stress.call_every(kept.copy, 50)


def handler():
    kept.append(stress.Owner())
    kept[0].start(10)
    loop = asyncio.new_event_loop()
    loop.run_until_complete(start())
    kept.append(loop)
    print("started")


atexit.register(handler)
end()
