"""`Runner`: workflows over SQLite, and what becomes of them at a shutdown."""

import os
import subprocess
import sys
import threading

import pytest
from conftest import wait_until
from sundown_demo import Runner, RuntimePanic, ShutdownError, ShutdownTimeout, WorkflowError
from sundown_demo.steps import count_lines, import_rows, panic, stuck, wait


def test_a_workflow(tmp_path):
    with Runner(tmp_path) as runner:
        jobs = runner.run([import_rows(20), wait(0.01), count_lines(__file__)])
        assert [(job.kind, job.state) for job in jobs] == [("import", "done"), ("wait", "done"), ("count", "done")]
        assert jobs[0].note == "20 rows"
        assert runner.counts() == {"done": 3}
        assert runner.running() == []


def test_a_step_fails(tmp_path):
    with Runner(tmp_path) as runner:
        with pytest.raises(WorkflowError, match=r"step `count` \(job 1\) failed: /nowhere"):
            runner.run([count_lines("/nowhere"), import_rows(1)])
        assert runner.counts() == {"failed": 1}
        with pytest.raises(ValueError, match="is no step: unknown variant `nonsense`"):
            runner.run([{"kind": "nonsense"}])


def test_a_panic_of_a_step_is_an_exception_and_in_the_report(tmp_path):
    runner = Runner(tmp_path)
    with pytest.raises(RuntimePanic, match="panicked: the abacus is broken"):
        runner.run([panic("the abacus is broken")])
    assert runner.run([import_rows(1)])[0].state == "done"
    # The caller has had the exception: `close` does not raise it again.
    runner.close()
    assert "a task panicked earlier: `panic #1`" in runner.shutdown_report


def test_a_stuck_step_is_named(tmp_path):
    runner = Runner(tmp_path)
    with pytest.raises(TimeoutError, match=r"step 2 of 2, `stuck` \(job 2\), is not done after 2 s"):
        runner.run([import_rows(1), stuck()], timeout=2)
    assert [name for name in runner.running() if "stuck #2" in name]
    with pytest.raises(ShutdownTimeout, match="stuck #2") as caught:
        runner.close(timeout=5)
    # The step has had its two seconds, and the database, which closes last, enough to settle the step's row.
    assert "Runner.store" not in str(caught.value)
    assert "stuck #2" in caught.value.report
    runner.close()
    assert runner.closed
    with Runner(tmp_path) as again:
        assert again.counts() == {"done": 1, "cancelled": 1}


def test_close_while_a_workflow_runs(tmp_path):
    runner, errors = Runner(tmp_path), []

    def run():
        try:
            runner.run([wait(30)])
        except Exception as error:
            errors.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    wait_until(runner.running)
    runner.close()
    thread.join()
    assert [type(error) for error in errors] == [ShutdownError]
    # It was interrupted, and is queued again.
    with Runner(tmp_path) as again:
        assert sum(again.counts().values()) == 1


def test_a_callback_for_each_step(tmp_path):
    with Runner(tmp_path) as runner:
        seen = []
        jobs = runner.run([import_rows(2), wait(0.01)], on_step=seen.append)
        assert [job.id for job in seen] == [job.id for job in jobs]

        def fails(job):
            raise KeyError(job.kind)

        with pytest.raises(KeyError, match="import"):
            runner.run([import_rows(2), wait(30)], on_step=fails)


BUSY = """
import sys, threading, time
from sundown_demo import Runner
from sundown_demo.steps import import_rows

called = threading.Event()

def busy(job):
    called.set()
    over = time.monotonic() + 60
    while time.monotonic() < over:
        sum(range(1000))

def run():
    try:
        runner.run([import_rows(1)], on_step=busy)
    except Exception:
        pass  # the interpreter exits

runner = Runner(sys.argv[1])
threading.Thread(target=run, daemon=True).start()
called.wait()
sys.exit(7)
"""


def test_the_program_ends_while_a_callback_computes(tmp_path):
    env = {**os.environ, "SUNDOWN_EXIT_TIMEOUT": "2", "SUNDOWN_EXIT_REPORT": "1"}
    ended = subprocess.run(
        [sys.executable, "-c", BUSY, tmp_path / "data"],
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        timeout=50,
        cwd=tmp_path,
    )
    assert ended.returncode == 7, ended
    assert "asynchronous exceptions" in ended.stderr, ended


def test_cron(tmp_path):
    with Runner(tmp_path, cron={"* * * * * *": import_rows(1)}) as runner:
        wait_until(lambda: runner.counts().get("done", 0) >= 1)
        assert runner.counts()["done"] >= 1
    with pytest.raises(ValueError, match="`every day` is no schedule"):
        Runner(tmp_path, cron={"every day": import_rows(1)})


def test_a_closed_runner_says_so(tmp_path):
    with Runner(tmp_path) as runner:
        pass
    runner.close()
    with pytest.raises(ShutdownError, match="`Runner` is closed"):
        runner.run([])
    assert "Runner.service" in runner.shutdown_report


def test_the_folder_cannot_be_had(tmp_path):
    file = tmp_path / "file"
    file.write_text("in the way")
    with pytest.raises(RuntimeError, match="cannot make"):
        Runner(file)
