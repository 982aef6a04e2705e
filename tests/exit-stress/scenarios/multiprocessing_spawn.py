# multiprocessing starts a child by spawn from a process whose runtime is alive; the child uses the module.
#
# stdout: child: 1
# stdout: child ended with 0
# stdout: parent: 2
import asyncio
import multiprocessing
import warnings

import stress
from ending import end

# From 3.12 on os.fork warns of threads, of which the runtime has some.
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)


async def use(number):
    await asyncio.gather(*(stress.sleep(0.1) for _ in range(10)))
    return await stress.value(number)


def child():
    print("child:", asyncio.run(use(1)), flush=True)


if __name__ == "__main__":
    assert asyncio.run(use(0)) == 0
    process = multiprocessing.get_context("spawn").Process(target=child)
    process.start()
    process.join()
    print("child ended with", process.exitcode)
    print("parent:", asyncio.run(use(2)))
    end()
