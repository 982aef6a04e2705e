"""Workflows, a panic, and a step that is stuck."""

import tempfile

from sundown_demo import Runner, RuntimePanic, ShutdownTimeout
from sundown_demo.steps import import_rows, panic, stuck, wait

from .proof import Say


def act(say: Say) -> None:
    with tempfile.TemporaryDirectory() as folder:
        with Runner(folder, cron={"* * * * * *": import_rows(1)}) as runner:
            for job in runner.run([import_rows(1000), wait(1)]):
                say("done", job)
            say("cron", f"{runner.counts()['done'] - 2} more by the clock")
            say("panic", "a step panics, and Rust prints:")
            try:
                runner.run([panic("the abacus is broken")])
            except RuntimePanic as error:
                say("panic", error)
            say("done", runner.run([import_rows(1)])[0])
        say("closed", "by `with`, in the order that the Rust structs declare:")
        say("", runner.shutdown_report)

        runner = Runner(folder)
        try:
            runner.run([stuck()], timeout=0.2)
        except TimeoutError as error:
            say("late", error)
        try:
            runner.close(timeout=5)
        except ShutdownTimeout as error:
            say("close()", f"{type(error).__name__}: {error}")
        runner.close()
        say("close()", "again: nothing happens")
