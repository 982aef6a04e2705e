"""Classes with `#[pyclass_teardown]` in processes of their own: Ctrl-C, the exit of the interpreter, a forked child."""

import os
import re
import signal
import time

import pytest

@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child(script):
    out = script(
        """
        import warnings
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        warnings.filterwarnings("error", category=ResourceWarning)
        client, other, probe = sp.Client(), sp.Client(), sp.Probe()
        client.spawn_never(probe)
        assert probe.wait_started()
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            for call in (client.get, client.close, lambda: client.shutdown_report):
                try:
                    call()
                    os._exit(1)
                except sp.ForkedProcessError as error:
                    assert "`Client` belongs to the parent" in str(error)
            assert client.closed
            assert repr(client) == "<Client client>"
            del client
            with sp.Client("child") as own:
                assert own.get() == "child"
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
        print(client.get(), probe.dropped)
        client.close()
        print(probe.dropped)
        other.close()
        """,
        forks=True,
    )
    assert out == "0\nclient 0\n1\n"


def test_ctrl_c_interrupts_a_close(start):
    process = start(
        """
        client, probe = sp.Client(), sp.Probe()
        client.spawn_blocking(30, probe)
        assert probe.wait_started()
        def tell():
            while not client.closed: time.sleep(0.001)
            print("closing", flush=True)
        threading.Thread(target=tell, daemon=True).start()
        try:
            client.close(60)
        except KeyboardInterrupt:
            print("interrupted", client.closed, client.shutdown_report, flush=True)
        before = time.monotonic()
        try:
            client.close(0.2)
        except sp.ShutdownTimeout:
            print("closed", time.monotonic() - before < 20)
        os._exit(0)
        """
    )
    assert process.line() == "closing"
    process.process.send_signal(signal.SIGINT)
    assert process.wait().out == "interrupted True None\nclosed True\n"


EXIT = {
    "open": "client = sp.Client()",
    "with work": "client, probe = sp.Client(), sp.Probe(); client.spawn_never(probe); probe.wait_started()",
    "closed": "client = sp.Client(); client.close()",
    "borrowed by a daemon thread": (
        "client, probe = sp.Client(), sp.Probe()\n"
        "threading.Thread(target=lambda: client.work_quietly(60, probe), daemon=True).start()\n"
        "probe.wait_started()"
    ),
    "every kind": "client = sp.Tool()",
    "extends": "client = sp.Derived()",
    "unsendable": "client = sp.Local()",
    "made in Rust": "client = sp.connect(False), sp.connect(True)",
    "in a cycle": "client = sp.Client(); client.anything = [client]; del client; gc.disable()",
    "a daemon thread closes, and it is stuck": (
        "client, probe = sp.Client(), sp.Probe(); client.spawn_blocking(60, probe); probe.wait_started()\n"
        "threading.excepthook = lambda _: None\n"
        "threading.Thread(target=lambda: client.close(60), daemon=True).start()\n"
        "while not client.closed: pass"
    ),
    "a daemon thread drops, and it is stuck": (
        "client, probe = sp.Client(), sp.Probe(); client.spawn_blocking(60, probe); probe.wait_started()\n"
        "import warnings; warnings.simplefilter('ignore'); box = [client]; del client\n"
        "threading.Thread(target=box.clear, daemon=True).start()\n"
        "while box: pass"
    ),
    "ten that are stuck": (
        "clients, probe = [sp.Client() for _ in range(10)], sp.Probe()\n"
        "[client.spawn_blocking(60, probe) for client in clients]\n"
        "probe.wait_started(10)"
    ),
}


@pytest.mark.parametrize("code", EXIT.values(), ids=EXIT.keys())
def test_exit(start, code):
    process = start(
        f"import gc\n{code}\nprint('exits', flush=True)",
        env={"SUNDOWN_EXIT_TIMEOUT": "2", "SUNDOWN_EXIT_REPORT": "1"},
    )
    assert process.line() == "exits"
    before = time.monotonic()
    ended = process.wait()
    took = time.monotonic() - before
    assert ended.returncode == 0, ended
    assert "Traceback" not in ended.err, ended
    assert "Warning" not in ended.err, ended
    assert "inside Python" not in ended.err, ended
    assert took < 15, "one budget, also for ten"


def test_exit_keeps_the_order(start):
    ended = start(
        "tool = sp.Tool()\natexit.register(lambda: None)", env={"SUNDOWN_EXIT_REPORT": "1"}
    ).wait()
    lines = [line for line in ended.err.splitlines() if re.search(r"- Tool\.\w+ ", line)]
    assert len(lines) == 6, ended
    assert all("stopped" in line for line in lines), ended
    top = [line for line in ended.err.splitlines() if line.startswith(("|- ", "`- "))]
    assert not any(line.startswith(("|- tool ", "|- tool loop ", "`- tool ")) for line in top), "they are the object's"
    assert ended.returncode == 0


@pytest.mark.parametrize("enabled", [True, False])
@pytest.mark.parametrize(
    ("code", "name"),
    [("client = sp.Client()", "Client ("), ("runtime = sp.Runtime()", ""), ("loop = sp.EventLoop()", "")],
)
def test_the_exit_knows_what_is_made_while_the_registry_is_off(start, code, name, enabled):
    ended = start(f"sp.set_registry_enabled({enabled})\n{code}", env={"SUNDOWN_EXIT_REPORT": "1"}).wait()
    report, _, _ = ended.err.partition("\nstill alive: ")  # faulthandler's thread
    steps = [line for line in report.splitlines() if line.startswith(("|- ", "`- "))]
    assert len(steps) == 2, ended
    assert "gate" in steps[1] and "stopped" in steps[0], ended
    assert steps[0].startswith(f"|- {name}"), "and not the runtime that it owns"
    assert ended.returncode == 0


def test_a_dropped_object_that_the_reaper_has_is_waited_for(start):
    """Its tasks need longer than the drop waits; the exit comes meanwhile, and finds it with the reaper."""
    process = start(
        """
        import warnings
        warnings.simplefilter("ignore")
        client, probe = sp.Client(), sp.Probe()
        client.spawn_blocking(3, probe)
        assert probe.wait_started()
        del client
        print("dropped", flush=True)
        """,
        env={"SUNDOWN_EXIT_REPORT": "1"},
    )
    assert process.line() == "dropped"
    ended = process.wait()
    assert "|- Client (" in ended.err, ended
    assert ended.returncode == 0


def test_close_in_an_atexit_handler(script):
    out = script(
        """
        client = sp.Client()
        def late():
            client.close()
            print(client.closed)
        atexit.register(late)
        """
    )
    assert out == "True\n"


def test_close_after_the_exit_has_closed_it(script):
    out = script(
        """
        import atexit
        box = []
        def late():
            box[0].close()
            print(box[0].closed)
            try:
                box[0].get()
            except RuntimeError as error:
                print(type(error).__name__)
        atexit.register(late)
        import sundown_pytest as sp
        box.append(sp.Client())
        """,
        prelude="",
    )
    assert out == "True\nShutdownError\n"


def test_asyncio_debug_and_dev_mode(start):
    ended = start(
        """
        async def main():
            async with sp.Client():
                pass
        asyncio.run(main(), debug=True)
        """,
        env={"PYTHONDEVMODE": "1", "PYTHONTRACEMALLOC": "5"},
    ).wait()
    assert ended.returncode == 0, ended
    assert "Warning" not in ended.err, ended
