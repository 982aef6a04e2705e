# A child of os.fork uses the module, which its parent has in use, and ends by os._exit. The parent goes on.
#
# stdout: child: 1
# stdout: child ended with 7
# stdout: parent: 2
import asyncio
import os
import warnings

import stress
from ending import end

# From 3.12 on os.fork warns of threads, of which the runtime has some.
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)


async def use(number):
    await asyncio.gather(*(stress.sleep(0.1) for _ in range(10)))
    return await stress.value(number)


assert asyncio.run(use(0)) == 0
pid = os.fork()
if pid == 0:
    print("child:", asyncio.run(use(1)), flush=True)
    os._exit(7)
_, status = os.waitpid(pid, 0)
print("child ended with", os.WEXITSTATUS(status) if os.WIFEXITED(status) else -os.WTERMSIG(status))
print("parent:", asyncio.run(use(2)))
end()
