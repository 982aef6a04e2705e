# Workflows of a `Runner` are under way in daemon threads at exit, one of them in a step that must be aborted.
#
# module: sundown_demo
# peer: no
# stdout: running
# seconds: 20
import threading

from ending import end
from sundown_demo import Runner
from sundown_demo.steps import import_rows, stuck, wait

runner = Runner("data")
for workflow in [[wait(60)], [import_rows(10), stuck()], [wait(0.01)] * 1000]:
    threading.Thread(target=runner.run, args=(workflow,), daemon=True).start()
while not any("stuck" in name for name in runner.running()):
    runner.counts()
print("running")
end()
