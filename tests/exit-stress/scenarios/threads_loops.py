# Four threads go on awaiting in event loops of their own after the main thread has ended; Python waits for them.
#
# stdout: running
# stdout: finished
# stdout: finished
# stdout: finished
# stdout: finished
import asyncio
import threading

import stress
from ending import end

running = threading.Barrier(5)
said = threading.Event()


async def work():
    await stress.value(1)
    running.wait()
    for number in range(20):
        await stress.sleep(2)
        assert await stress.value(number) == number
    said.wait()
    print("finished\n", end="")


for _ in range(4):
    threading.Thread(target=asyncio.run, args=(work(),)).start()
running.wait()
print("running", flush=True)
said.set()
end()
