# Two extension modules that know nothing of each other have futures in flight and call back when the program ends.
#
# stdout: 1000 in flight
# peer: no
import asyncio
import threading

import stress
import stress_too
from ending import end

futures = []
called = [threading.Event(), threading.Event()]


async def main():
    futures.extend(stress.sleep(milliseconds) for milliseconds in range(500))
    futures.extend(stress_too.sleep(milliseconds) for milliseconds in range(500))
    assert [await stress.value(1), await stress_too.value(2)] == [1, 2]
    print(len(futures), "in flight")


stress.call_every(called[0].set, 50)
stress_too.call_every(called[1].set, 50)
loop = asyncio.new_event_loop()
loop.run_until_complete(main())
for event in called:
    event.wait()
end()
