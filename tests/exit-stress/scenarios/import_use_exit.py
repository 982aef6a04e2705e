# The module is imported, used once, and the program ends with what it started.
#
# stdout: started
import asyncio

import stress
from ending import end


async def main():
    asyncio.ensure_future(stress.sleep(1))
    print("started")


asyncio.run(main())
end()
