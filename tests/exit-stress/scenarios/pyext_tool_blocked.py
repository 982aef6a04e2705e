# A command of a `ScriptedTool` sits in time.sleep(60), where nothing can cancel it, at exit.
#
# module: sundown_demo
# peer: no
# stdout: begun
# seconds: 20
import threading
import time

from ending import end
from sundown_demo import ScriptedTool

begun = threading.Event()


def sleep():
    begun.set()
    time.sleep(60)


tool = ScriptedTool()
tool.add("sleep", sleep)
tool.start("sleep", session="blocked")
begun.wait()
print("begun")
end()
