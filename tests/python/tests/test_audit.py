"""The audit: real threads, each found by a name of its own, and what is said of them."""

import _thread
import asyncio
import contextlib
import gc
import json
import os
import sys
import threading
import time
import weakref
from concurrent.futures import ThreadPoolExecutor

import pytest
import sundown_pytest as sp
from conftest import wait_until


def rows(name):
    return [row for row in sp.audit().threads if (row["interpreter"] or {}).get("name") == name]


def row(name):
    found = rows(name)
    assert len(found) == 1, sp.audit()
    return found[0]


@contextlib.contextmanager
def waiting(name, daemon=True, wait=threading.Event.wait):
    """A thread that has begun to wait until this is left."""
    go, began = threading.Event(), threading.Event()

    def waits():
        began.set()
        wait(go)

    thread = threading.Thread(target=waits, name=name, daemon=daemon)
    thread.start()
    try:
        assert began.wait(30)
        yield thread
    finally:
        go.set()
        thread.join(30)


@pytest.mark.parametrize("daemon", [True, False])
def test_a_thread_of_pythons_is_one_with_that_of_the_system(daemon):
    with waiting("crawler", daemon) as thread:
        # It has a frame of `waits` at least since it has set the event.
        assert wait_until(lambda: "threading.py" in row("crawler")["interpreter"]["at"])
        found = row("crawler")
        text = repr(sp.audit())
    known = found["interpreter"]
    assert (found["tid"], known["ident"], known["daemon"]) == (thread.native_id, thread.ident, daemon)
    assert (found["origin"], found["hint"]) == ("untracked", None)
    assert known["from"].startswith(f"{__file__}:") and known["from"].endswith("waits"), known
    word = "daemon" if daemon else "not a daemon"
    line = next(line for line in text.splitlines() if "crawler" in line)
    assert f"thread `crawler` (tid {thread.native_id})" in line
    assert f"not tracked by sundown; {word}, at " in line
    assert not rows("crawler")


def test_where_it_is_if_that_is_no_library():
    def spins(go):
        while not go.is_set():
            pass

    with waiting("spinner", wait=spins):
        assert wait_until(lambda: "spins" in row("spinner")["interpreter"]["at"])


def test_the_caller_and_the_main_thread_are_left_out():
    with waiting("other") as other:
        idents = []

        def look():
            audit = sp.audit().as_dict()
            idents.extend(known["ident"] for known in audit["unlisted"])
            idents.extend(row["interpreter"]["ident"] for row in audit["threads"] if row["interpreter"])
            idents.append(threading.get_ident())

        looks = threading.Thread(target=look)
        looks.start()
        looks.join(60)
    caller = idents.pop()
    assert other.ident in idents
    assert caller not in idents
    assert threading.main_thread().ident not in idents


def test_as_json_it_is_what_the_text_says():
    with waiting("in json"):
        audit = sp.audit()
    loaded = json.loads(json.dumps(audit.as_dict()))
    assert loaded == audit.as_dict()
    assert loaded["threads"] == audit.threads
    assert loaded["processes"] == audit.processes
    assert loaded["not_listed"] is None
    for found in loaded["threads"]:
        assert isinstance(found["cpu"], float), found
        known = found["interpreter"]
        assert f"thread `{known['name'] if known else found['name']}`" in str(audit) or "threads `" in str(audit)


def test_the_same_from_rust():
    with waiting("for rust"):
        text, untracked = sp.audit_from_rust()
    assert "thread `for rust`" in text
    assert untracked >= 1


def test_a_runtime():
    runtime = sp.Runtime("audited", workers=2)

    def workers():
        return [row for row in sp.audit().threads if "Runtime `audited` (" in row.get("by", "")]

    assert wait_until(lambda: len(workers()) == 2), sp.audit()
    assert all(row["by"].endswith(", live") and "runtime.rs:" in row["by"] for row in workers()), workers()
    runtime.close()
    assert wait_until(lambda: not workers())


def test_a_runtime_of_tokios_builder():
    """Of its two workers one has polled a task of ours, or both have."""
    runtime = sp.runtime_of_tokios_builder("of tokio")

    def workers():
        return [row for row in sp.audit().threads if "Runtime `of tokio` (" in (row.get("by") or row.get("hint") or "")]

    # One that begins has no name at first.
    assert wait_until(lambda: [row["name"] for row in workers()] == ["tokio-rt-worker"] * 2), sp.audit()
    found = workers()
    tracked = [row["by"] for row in found if row["origin"] == "tracked"]
    assert tracked and all(by.startswith("Runtime `of tokio` (") for by in tracked), found
    hints = [row["hint"] for row in found if row["origin"] == "untracked"]
    assert all("perhaps of Runtime `of tokio` (" in hint for hint in hints), found
    runtime.close()


def test_the_field_of_an_object():
    tool = sp.Tool()
    try:
        by = [row["by"] for row in sp.audit().threads if row["origin"] == "tracked"]
        of_loop = [by for by in by if by.startswith("EventLoop `") and ", live, of `Tool.scripts` (" in by]
        of_runtime = [by for by in by if by.startswith("Runtime `") and ", live, of `Tool.runtime` (" in by]
        assert len(of_loop) == 1 and of_runtime, by
    finally:
        tool.close()


def test_an_event_loop_and_its_executor():
    event_loop = sp.EventLoop("audited loop")
    go = threading.Event()

    async def begins():
        asyncio.get_running_loop().run_in_executor(None, go.wait)

    event_loop.run(begins)
    found = row("audited loop")
    assert found["origin"] == "tracked"
    assert found["by"].startswith("EventLoop `audited loop` (") and found["by"].endswith(", live"), found
    assert found["interpreter"]["daemon"]
    jobs = row("audited loop_0")
    assert jobs["by"].startswith("the default executor of EventLoop `audited loop` ("), jobs
    go.set()
    assert event_loop.close()[0]
    assert wait_until(lambda: not rows("audited loop") and not rows("audited loop_0"))


def test_a_loop_that_was_given_up_is_still_named(script):
    out = script(
        """
        began, go = threading.Event(), threading.Event()
        def blocks():
            began.set()
            go.wait()
        event_loop = sp.EventLoop("given up", 0.2)
        event_loop.run(asyncio.get_running_loop).call_soon_threadsafe(blocks)
        began.wait()
        assert not event_loop.close()[0]
        event_loop.drop_attached()
        while not any("not in this registry" in row.get("by", "") for row in sp.audit().threads):
            time.sleep(0.01)
        print(next(row["by"] for row in sp.audit().threads if "not in this registry" in row.get("by", "")))
        go.set()
        """
    )
    assert out.startswith("EventLoop `given up` ("), out


def test_the_threads_of_sundown_itself():
    """The thread of a callback without a loop."""
    callback = sp.Called.on_thread(abs)
    assert callback.call(-1) == 1
    assert [(row["origin"], row["what"]) for row in rows("sundown-callback")] == [
        ("sundown", "calls what Rust has a `Callback` for")
    ]


def test_an_executor_of_nobody():
    go, began = threading.Event(), threading.Event()

    def job():
        began.set()
        go.wait(30)

    async def main():
        waits = asyncio.get_running_loop().run_in_executor(None, job)
        with ThreadPoolExecutor(1) as pool:
            works = pool.submit(began.wait, 30)
            try:
                assert await asyncio.wrap_future(works)
                return sp.audit()
            finally:
                go.set()
                await waits

    audit = asyncio.run(main())
    hints = {row["interpreter"]["name"]: row["hint"] for row in audit.threads if row["interpreter"] and "hint" in row}
    assert hints["asyncio_0"] == "the default executor of an asyncio loop that nobody has registered", audit
    assert "a `ThreadPoolExecutor` of Python" in [hints[name] for name in hints if "PoolExecutor-" in name], audit


def test_what_threading_does_not_know():
    """Nothing says which of the system's threads it is."""
    go, began = threading.Event(), _thread.allocate_lock()
    idents = []

    def raw():
        idents.append(_thread.get_ident())
        began.release()
        while not go.is_set():
            time.sleep(0.001)

    began.acquire()
    _thread.start_new_thread(raw, ())
    assert began.acquire(timeout=30)
    try:
        audit = sp.audit()
        found = [known for known in audit.as_dict()["unlisted"] if known["ident"] == idents[0]]
        assert len(found) == 1 and "raw" in found[0]["at"], audit
        assert f"thread (ident {idents[0]})" in str(audit), audit
    finally:
        go.set()


def test_no_frame_is_kept():
    class Local:
        pass

    kept = []

    def work(began, go):
        local = Local()
        kept.append(weakref.ref(local))
        began.set()
        go.wait(30)

    began, go = threading.Event(), threading.Event()
    thread = threading.Thread(target=work, args=(began, go))
    thread.start()
    assert began.wait(30)
    gc.collect()
    gc.disable()
    try:
        audits = [sp.audit() for _ in range(10)]
        go.set()
        thread.join()
        assert kept[0]() is None
        del audits
    finally:
        gc.enable()


def test_no_code_of_a_users_runs():
    """Nor is a lock of `threading` taken, which a thread that is parked may have."""
    seen = []

    class Loud(threading.Thread):
        def __getattribute__(self, name):
            seen.append(name)
            return super().__getattribute__(name)

    go = threading.Event()
    thread = Loud(target=go.wait, name="loud", daemon=True)
    thread.start()
    try:
        with threading._active_limbo_lock:
            done = []
            other = threading.Thread(target=lambda: done.append(sp.audit()))
        with threading._active_limbo_lock:
            seen.clear()
            audit = sp.audit()
            assert seen == []
        assert "thread `loud`" in str(audit)
        other.start()
        other.join(60)
        assert done
    finally:
        go.set()
        thread.join()


def test_threads_that_begin_and_end_meanwhile():
    stop = threading.Event()

    def spawn():
        while not stop.is_set():
            thread = threading.Thread(target=time.sleep, args=(0,))
            thread.start()
            thread.join()

    spawners = [threading.Thread(target=spawn) for _ in range(3)]
    for spawner in spawners:
        spawner.start()
    try:
        for _ in range(200):
            for known in sp.audit().as_dict()["unlisted"]:
                assert known["name"] is None, known  # what has ended is left out
    finally:
        stop.set()
        for spawner in spawners:
            spawner.join()


def test_a_forked_child_has_its_own(script):
    out = script(
        """
        import warnings
        warnings.simplefilter("ignore", DeprecationWarning)  # other threads run
        go = threading.Event()
        threading.Thread(target=go.wait, name="of the parent", daemon=True).start()
        runtime = sp.Runtime("of the parent")
        pid = os.fork()
        if pid == 0:
            print("of the parent" in str(sp.audit()), flush=True)
            os._exit(0)
        os.waitpid(pid, 0)
        """,
        forks=True,
    )
    assert out == "False\n"


REPORT = {"SUNDOWN_EXIT_REPORT": "1"}
LEFT = """
    def waits():
        began.set()
        threading.Event().wait()
    began = threading.Event()
    threading.Thread(target=waits, name="left behind", daemon=True).start()
    began.wait()
"""


def test_the_report_of_the_exit_names_who_is_left(start):
    ended = start(LEFT, env=REPORT).wait()
    assert ended.returncode == 0, ended
    head, _, left = ended.err.partition("\nstill alive: ")
    assert head.startswith("exit of sundown_pytest") and " stopped after " in head, ended
    line = next(line for line in left.splitlines() if "left behind" in line)
    assert "not tracked by sundown; daemon, at " in line and " in waits" in line, ended


def test_a_clean_exit_that_nobody_watches_says_nothing(script):
    assert script(LEFT) == ""


def test_of_two_modules_the_last_says_who_is_left(start, twin):
    env = {**REPORT, "PYTHONPATH": f"{twin}:{os.environ.get('PYTHONPATH', '')}"}
    ended = start(f"\n    import sundown_pytest_twin{LEFT}", env=env).wait()
    assert ended.returncode == 0, ended
    assert ended.err.count("exit of ") == 2, ended
    assert ended.err.count("still alive: ") == 1, ended
    assert ended.err.index("still alive: ") > ended.err.rindex("exit of "), ended


def test_it_is_refused_when_the_exit_is_over(start):
    ended = start(
        """
        import atexit
        def late():
            try:
                sp.audit()
            except sp.ShutdownError as error:
                print(error)
        atexit.register(late)
        import sundown_pytest as sp
        """,
        prelude="",
    ).wait()
    assert (ended.returncode, ended.err) == (0, ""), ended
    assert "`audit` refused" in ended.out, ended


def test_in_an_atexit_function_before_it(script):
    assert "left behind" in script(f"{LEFT}\n    atexit.register(lambda: print(sp.audit()))")
