# A `Client` of examples/pyext and its server are in globals at exit, the loop is closed.
#
# module: sundown_demo
# peer: no
# stdout: b'value'
import asyncio

from ending import end
from sundown_demo import Client, Server


async def main():
    await client.put("key", b"value")
    print(await client.get("key"))


server = Server()
client = Client(server.address)
asyncio.run(main())
end()
