# A `Runner` of examples/pyext, with a schedule and a thread, a child process and a database, is in a global at exit.
#
# module: sundown_demo
# peer: no
# stdout: done
from ending import end
from sundown_demo import Runner
from sundown_demo.steps import import_rows

runner = Runner("data", cron={"* * * * * *": import_rows(10)})
for job in runner.run([import_rows(10)]):
    print(job.state)
end()
