# Four daemon threads await in event loops of their own when the main thread ends.
#
# stdout: running
import asyncio
import threading

import stress
from ending import end

running = threading.Barrier(5)


async def work():
    await stress.value(1)
    running.wait()
    while True:
        await asyncio.gather(*(stress.sleep(number / 50) for number in range(100)))


for _ in range(4):
    threading.Thread(target=asyncio.run, args=(work(),), daemon=True).start()
running.wait()
print("running")
end()
