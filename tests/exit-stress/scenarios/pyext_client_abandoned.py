# A `Client` with watches, requests and callbacks under way, on a loop in a daemon thread that is busy with them at exit.
#
# module: sundown_demo
# peer: no
# stdout: called back
import asyncio
import threading

from ending import end
from sundown_demo import Client, Server

called = threading.Event()


async def sleep(value):
    await asyncio.sleep(60)


async def main():
    await client.on_change("key", lambda value: called.set())
    await client.on_change("key", sleep)
    watch = await client.watch("key")
    asyncio.ensure_future(watch.__anext__())
    while True:
        await asyncio.gather(*(client.put("key", b"value") for _ in range(20)), return_exceptions=True)


server = Server()
client = Client(server.address)
threading.Thread(target=asyncio.run, args=(main(),), daemon=True).start()
called.wait()
print("called back")
end()
