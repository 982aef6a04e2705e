# subprocess starts programs, one of which uses the module too, from a process whose runtime is alive.
#
# stdout: 0 1
# stdout: parent: 2
import asyncio
import subprocess
import sys

import stress
from ending import end

CHILD = """
import asyncio, stress
async def use():
    return await stress.value(1)
print(asyncio.run(use()))
"""


async def use(number):
    futures = [stress.sleep(60_000) for _ in range(100)]
    child = subprocess.run([sys.executable, "-c", CHILD], stdout=subprocess.PIPE, check=False)
    print(child.returncode, child.stdout.decode().strip())
    return await stress.value(number) if futures else None


print("parent:", asyncio.run(use(2)))
end()
