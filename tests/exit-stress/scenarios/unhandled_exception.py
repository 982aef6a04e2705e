# The program dies of an exception with 1,000 futures in flight.
#
# exit: 1
# stdout: failing
# stderr: Traceback (most recent call last):…ZeroDivisionError: division by zero
import asyncio

import stress
from ending import end

futures = []


async def main():
    futures.extend(stress.sleep(number / 50) for number in range(1000))
    await stress.value(1)
    print("failing")
    end()
    1 / 0


asyncio.run(main())
