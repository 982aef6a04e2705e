# A thread of a ThreadPoolExecutor waits on us when the main thread ends; Python joins it.
#
# stdout: main has ended
# stdout: blocked
# stdout: awaited 1
import asyncio
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import stress
from ending import end


async def use():
    await stress.sleep(5)
    return await stress.value(1)


said = threading.Event()


def work():
    said.wait()
    time.sleep(0.01)
    stress.block_on(30)
    print("blocked")
    print("awaited", asyncio.run(use()))


ThreadPoolExecutor(1).submit(work)
print("main has ended", flush=True)
said.set()
end()
