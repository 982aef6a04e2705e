# A thread that is no daemon awaits our futures after the main thread has ended. Nothing may be refused to it.
#
# stdout: main has ended
# stdout: the thread has got 100
import asyncio
import threading

import stress
from ending import end


async def work():
    total = 0
    while threading.main_thread().is_alive():
        await stress.sleep(1)
    for _ in range(100):
        await stress.sleep(0.1)
        total += await stress.value(1)
    print("the thread has got", total)


threading.Thread(target=asyncio.run, args=(work(),)).start()
print("main has ended", flush=True)
end()
