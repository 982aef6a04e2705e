# A `ScriptedTool` of examples/pyext with four private loops is in a global at exit.
#
# module: sundown_demo
# peer: no
# stdout: hello
# stdout: hello
# stdout: hello
# stdout: hello
import asyncio

from ending import end
from sundown_demo import ScriptedTool


async def say(word):
    await asyncio.sleep(0)
    return word


tool = ScriptedTool()
tool.add("say", say)
for session in ["a", "b", "c", "d"]:
    print(tool.execute("say hello", session=session).strip())
end()
