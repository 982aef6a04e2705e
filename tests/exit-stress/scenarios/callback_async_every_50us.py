# Rust calls an async function every 50 microseconds, also while the interpreter exits.
#
# stdout: called
import asyncio

import stress
from ending import end


async def main():
    called = asyncio.Event()

    async def callback():
        await asyncio.sleep(0)
        called.set()

    stress.call_async_every(callback, 50)
    await called.wait()
    print("called")


loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
loop.run_until_complete(main())
end()
