# An object's __del__ starts new work while the interpreter finalizes. It may be refused, by an exception.
#
# stdout: started
# peer: no, what it started would be a matter of luck
import asyncio

import stress
from ending import end


class Late:
    def __del__(self, stress=stress, RuntimeError=RuntimeError):
        try:
            stress.block_on(60_000)
        except RuntimeError:
            pass
        try:
            stress.call_every(print, 50)
        except RuntimeError:
            pass
        try:
            stress.Owner().start(10)
        except RuntimeError:
            pass


async def main():
    return await stress.value(1)


late = Late()
late.itself = late
another = Late()
assert asyncio.run(main()) == 1
print("started")
end()
