# Commands of a `ScriptedTool` are under way on its private loops at exit: some sleep, one runs Python all the time.
#
# module: sundown_demo
# peer: no
# stdout: begun
import asyncio
import threading

from ending import end
from sundown_demo import ScriptedTool

begun = threading.Barrier(4)


async def sleep():
    begun.wait()
    await asyncio.sleep(60)


async def work():
    begun.wait()
    while True:
        await asyncio.sleep(0)
        sum(range(1000))


tool = ScriptedTool()
tool.add("sleep", sleep)
tool.add("work", work)
tool.start("sleep", session="a")
tool.start("sleep", session="b")
tool.start("work", session="c")
begun.wait()
print("begun")
end()
