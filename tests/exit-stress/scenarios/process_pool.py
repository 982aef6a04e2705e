# A ProcessPoolExecutor that forks from a process whose runtime is alive; its processes use the module, and end with the
# program.
#
# stdout: [0, 1, 2, 3]
# stdout: parent: 4
import asyncio
import multiprocessing
import warnings
from concurrent.futures import ProcessPoolExecutor

import stress
from ending import end

# From 3.12 on os.fork warns of threads, of which the runtime has some.
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)


async def use(number):
    await asyncio.gather(*(stress.sleep(0.1) for _ in range(10)))
    return await stress.value(number)


def work(number):
    return asyncio.run(use(number))


if __name__ == "__main__":
    assert asyncio.run(use(0)) == 0
    pool = ProcessPoolExecutor(2, mp_context=multiprocessing.get_context("fork"))
    print(list(pool.map(work, range(4))))
    print("parent:", asyncio.run(use(4)))
    end()
