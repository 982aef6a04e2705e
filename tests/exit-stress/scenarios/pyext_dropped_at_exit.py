# Objects of all three classes of examples/pyext, with work under way, are dropped by `atexit`, after which the rest runs.
#
# module: sundown_demo
# peer: no
# stdout: dropped
import asyncio
import atexit

from ending import end
from sundown_demo import Client, Runner, ScriptedTool, Server
from sundown_demo.steps import wait


async def sleep():
    await asyncio.sleep(60)


def drop():
    objects.clear()
    print("dropped", flush=True)


atexit.register(drop)
server, tool = Server(), ScriptedTool()
tool.add("sleep", sleep)
tool.start("sleep")
objects = [server, tool, Client(server.address), Runner("data", cron={"* * * * * *": wait(60)})]
del server, tool
end()
