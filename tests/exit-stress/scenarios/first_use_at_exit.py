# Four daemon threads use the module for the first time when the main thread ends: that runs Python below a frame of Rust's.
#
# stdout: running
import asyncio
import sys
import threading

import stress
from ending import end

running = threading.Barrier(5)


async def work():
    running.wait()
    while True:
        await asyncio.gather(*(stress.sleep(number / 50) for number in range(100)))


# So that the threads meet the end at more places.
sys.setswitchinterval(1e-5)
for _ in range(4):
    threading.Thread(target=asyncio.run, args=(work(),), daemon=True).start()
running.wait()
print("running")
end()
