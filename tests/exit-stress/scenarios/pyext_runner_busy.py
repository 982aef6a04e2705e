# A workflow's callback computes, on a thread of the `Runner` of examples/pyext, when the program ends.
#
# module: sundown_demo
# peer: no
# stdout: called
# seconds: 40
# runs: 3
import threading
import time

from ending import end
from sundown_demo import Runner
from sundown_demo.steps import import_rows

called = threading.Event()


def busy(job):
    called.set()
    over = time.monotonic() + 30
    while time.monotonic() < over:
        sum(range(1000))


def run():
    try:
        runner.run([import_rows(10)], on_step=busy)
    except Exception:
        pass  # the interpreter exits


runner = Runner("data")
threading.Thread(target=run, daemon=True).start()
called.wait()
print("called")
end()
