# The program's asyncio.run is in a thread that is no daemon; it calls sys.exit in it, with futures in flight, when the
# main thread has long ended.
#
# stdout: main has ended
# stdout: exiting
import asyncio
import sys
import threading

import stress
from ending import end

futures = []
said = threading.Event()


async def work():
    futures.extend(stress.sleep(milliseconds) for milliseconds in range(500))
    await stress.sleep(20)
    said.wait()
    print("exiting", flush=True)
    sys.exit(3)


threading.Thread(target=asyncio.run, args=(work(),)).start()
print("main has ended", flush=True)
said.set()
end()
