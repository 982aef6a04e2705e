# A hundred loops one after another, some of them closed with futures in flight.
#
# stdout: 100
import asyncio

import stress
from ending import end

kept = []


async def work(number):
    kept.append(stress.sleep(number))
    return await stress.value(number)


print(sum(asyncio.run(work(number)) == number for number in range(100)))
end()
