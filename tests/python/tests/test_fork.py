"""Forked children and other processes: no hang; the module works or says why not; the parent is untouched."""

import os
import sys

import pytest

CHILD = """
def child_main():
    async def main():
        return sum(await asyncio.gather(*(sp.sleep(0.001, 1) for _ in range(50))))
    return asyncio.run(main())

def wait_for(pid):
    # A child that hangs is killed by its own alarm, which is no 0.
    _, status = os.waitpid(pid, 0)
    return status

def fork(work):
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        try:
            work()
            os._exit(0)
        except BaseException as error:
            import traceback
            traceback.print_exc()
            os._exit(1)
    return pid

def fork_that_exits():
    # The child by `sys.exit`, and not `os._exit`.
    pid = os.fork()
    if pid == 0:
        signal.alarm(20)
        print(child_main(), flush=True)
        sys.exit(3)
    print(os.waitstatus_to_exitcode(wait_for(pid)))
"""

IGNORE = """
import warnings
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
"""


def forked(code):
    import textwrap

    return IGNORE + CHILD + textwrap.dedent(code)


def test_a_child_uses_the_module_as_if_new(script):
    out = script(
        forked(
            """
            print(child_main())
            def work():
                assert child_main() == 50
            print(wait_for(fork(work)))
            print(child_main())
            """
        ),
        forks=True,
    )
    assert out == "50\n0\n50\n"


def test_a_child_of_a_process_that_never_used_it(script):
    out = script(forked("print(wait_for(fork(child_main)))\nprint(child_main())"), forks=True)
    assert out == "0\n50\n"


def test_a_child_that_exits_as_python_does(script):
    """Not `os._exit`: the child's own exit stages run, and none of the parent's."""
    out = script(
        forked(
            """
            async def begin():
                for _ in range(100):
                    sp.sleep(60)
                await sp.ready(None)
            loop = asyncio.new_event_loop()
            loop.run_until_complete(begin())
            sys.stdout.flush()
            fork_that_exits()
            """
        ),
        forks=True,
    )
    assert out == "50\n3\n"


def test_a_child_that_uses_nothing(script):
    out = script(
        forked(
            """
            async def begin():
                for _ in range(100):
                    sp.sleep(60)
                await sp.ready(None)
            asyncio.run(begin())
            print(wait_for(fork(lambda: None)))
            """
        ),
        forks=True,
    )
    assert out == "0\n"


def test_fork_inside_a_running_loop(script):
    out = script(
        forked(
            """
            async def main():
                slow = sp.sleep(0.2, "parent's")
                await sp.ready(None)
                def work():
                    asyncio._set_running_loop(None)
                    asyncio.set_event_loop(None)
                    assert child_main() == 50
                pid = fork(work)
                status = await asyncio.get_running_loop().run_in_executor(None, wait_for, pid)
                print(status, await slow)
            asyncio.run(main())
            """
        ),
        forks=True,
    )
    assert out == "0 parent's\n"


def test_fork_while_other_threads_are_busy_in_the_module(script):
    out = script(
        forked(
            """
            stop = threading.Event()
            def busy():
                async def main():
                    while not stop.is_set():
                        await asyncio.gather(*(sp.ready(i) for i in range(50)))
                asyncio.run(main())
            threads = [threading.Thread(target=busy) for _ in range(3)]
            for thread in threads: thread.start()
            statuses = [wait_for(fork(child_main)) for _ in range(20)]
            stop.set()
            for thread in threads: thread.join()
            print(statuses.count(0))
            """
        ),
        forks=True,
    )
    assert out == "20\n"


def test_an_inherited_future_does_not_hang(script):
    """What was in flight when the process forked never completes in the child; dropping it does no harm."""
    out = script(
        forked(
            """
            import gc
            async def begin():
                return [sp.sleep(60) for _ in range(50)]
            loop = asyncio.new_event_loop()
            futures = loop.run_until_complete(begin())
            def work():
                global futures
                futures[0].cancel()
                futures = None
                gc.collect()
                assert child_main() == 50
            print(wait_for(fork(work)))
            print(futures[0].cancelled())
            """
        ),
        forks=True,
    )
    assert out == "0\nFalse\n"


def test_the_parents_sockets_still_wake(script):
    """Dropping an inherited TcpStream would deregister it in the parent's epoll."""
    out = script(
        forked(
            """
            import socket
            port = sp.echo_server()
            peer = socket.create_connection(("127.0.0.1", port), timeout=20)
            peer.sendall(b"one")
            assert peer.recv(10) == b"one"
            def work():
                assert child_main() == 50
            for _ in range(3):
                assert wait_for(fork(work)) == 0
                peer.sendall(b"two")
                assert peer.recv(10) == b"two"
            # One that exits as Python does.
            sys.stdout.flush()
            pid = os.fork()
            if pid == 0:
                signal.alarm(20)
                sys.exit(0)
            assert wait_for(pid) == 0
            peer.sendall(b"three")
            print(peer.recv(10).decode())
            other = socket.create_connection(("127.0.0.1", port), timeout=20)
            other.sendall(b"new")
            print(other.recv(10).decode())
            peer.close(); other.close()
            """
        ),
        forks=True,
    )
    assert out == "three\nnew\n"


def test_a_grandchild(script):
    out = script(
        forked(
            """
            child_main()
            def child():
                assert child_main() == 50
                assert wait_for(fork(grandchild)) == 0
                assert child_main() == 50
            def grandchild():
                assert child_main() == 50
            print(wait_for(fork(child)))
            """
        ),
        forks=True,
    )
    assert out == "0\n"


WORK = """
import asyncio, sys
import sundown_pytest as sp

def work(number):
    async def main():
        return sum(await asyncio.gather(*(sp.sleep(0.001, number) for _ in range(20))))
    return asyncio.run(main())
"""


@pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
@pytest.mark.parametrize("kind", ["pool", "executor", "process"])
def test_multiprocessing(start, tmp_path, method, kind):
    (tmp_path / "worker.py").write_text(WORK, encoding="utf-8")
    uses = {
        "pool": "with context.Pool(2) as pool: print(pool.map(worker.work, range(6)))",
        "executor": """
    from concurrent.futures import ProcessPoolExecutor
    with ProcessPoolExecutor(2, mp_context=context) as pool: print(list(pool.map(worker.work, range(6))))""",
        "process": """
    processes = [context.Process(target=worker.work, args=(i,)) for i in range(6)]
    for process in processes: process.start()
    for process in processes: process.join(30)
    print([process.exitcode * 20 + i * 20 for i, process in enumerate(processes)])""",
    }
    main = f"""
import multiprocessing, sys, warnings
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
import worker
if __name__ == "__main__":
    assert worker.work(1) == 20
    context = multiprocessing.get_context({method!r})
    {uses[kind]}
    print(worker.work(1))
"""
    path = tmp_path / "main.py"
    path.write_text(main, encoding="utf-8")
    ended = start(
        f"import runpy, sys; sys.argv = [{str(path)!r}]; sys.path.insert(0, {str(tmp_path)!r})\n"
        f"runpy.run_path({str(path)!r}, run_name='__main__')",
        prelude="",
        forks=True,
        env={"PYTHONPATH": f"{tmp_path}:{__import__('os').environ['PYTHONPATH']}"},
    ).wait()
    assert ended.returncode == 0, ended
    assert ended.out == "[0, 20, 40, 60, 80, 100]\n20\n", ended
    assert ended.err == "", ended


OBJECTS = """
import atexit, asyncio, sys, threading
import sundown_pytest as sp

def use():
    client, probe = sp.Client(), sp.Probe()
    client.spawn_never(probe)
    assert probe.wait_started()
    sp.kept = client

def use_late():
    # Registered after the import, so it runs before stage two.
    async def main():
        print(await sp.sleep(0.01, "at exit"), flush=True)
    atexit.register(lambda: asyncio.run(main()))
    use()

def use_in_thread():
    use()
    ended = threading.Event()
    threading._register_atexit(ended.set)
    def work():
        async def main():
            return await sp.sleep(0.05, "in a thread")
        ended.wait()
        print(asyncio.run(main()), flush=True)
    threading.Thread(target=work).start()

def fail():
    use()
    raise SystemExit(3)
"""


@pytest.fixture
def child_of_multiprocessing(start, tmp_path):
    """The end of a process that starts a child, which calls a function of `OBJECTS`."""
    (tmp_path / "objects.py").write_text(OBJECTS, encoding="utf-8")

    def run(method, function, before="", preload="True"):
        path = tmp_path / "main.py"
        path.write_text(
            f"""
import multiprocessing, sys, warnings
warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
if __name__ == "__main__":
    {before}
    import objects
    context = multiprocessing.get_context({method!r})
    if {method!r} == "forkserver" and {preload}:
        context.set_forkserver_preload(["objects"])
    process = context.Process(target=objects.{function})
    process.start()
    process.join(30)
    print(process.exitcode)
""",
            encoding="utf-8",
        )
        return start(
            f"import runpy, sys; sys.argv = [{str(path)!r}]; sys.path.insert(0, {str(tmp_path)!r})\n"
            f"runpy.run_path({str(path)!r}, run_name='__main__')",
            prelude="",
            forks=True,
            env={"PYTHONPATH": f"{tmp_path}:{os.environ['PYTHONPATH']}", "SUNDOWN_EXIT_REPORT": "1"},
        ).wait()

    return run


class TestTheEndOfAChildOfMultiprocessing:
    """Since 3.13 a forked one clears what its parent has registered with `atexit`; before, it calls no `atexit` function."""

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    @pytest.mark.parametrize("before", ["", "import sundown_pytest as sp; sp.block_on_sleep(0)"], ids=["fresh", "used"])
    def test_its_objects_are_closed(self, child_of_multiprocessing, method, before):
        ended = child_of_multiprocessing(method, "use", before)
        assert (ended.returncode, ended.out) == (0, "0\n"), ended
        assert [line for line in ended.err.splitlines() if "|- Client (" in line and "stopped" in line], ended

    def test_the_forkserver_imports_nothing(self, child_of_multiprocessing):
        ended = child_of_multiprocessing("forkserver", "use", preload="False")
        assert (ended.returncode, ended.out) == (0, "0\n"), ended
        assert "|- Client (" in ended.err, ended

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_its_status_is_kept(self, child_of_multiprocessing, method):
        ended = child_of_multiprocessing(method, "fail")
        assert (ended.returncode, ended.out) == (0, "3\n"), ended
        assert "|- Client (" in ended.err, ended

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_its_own_atexit_functions_come_first(self, child_of_multiprocessing, method):
        ended = child_of_multiprocessing(method, "use_late")
        called = method == "spawn" or sys.version_info >= (3, 13)
        assert (ended.returncode, ended.out) == (0, "at exit\n0\n" if called else "0\n"), ended
        assert "|- Client (" in ended.err, ended

    @pytest.mark.parametrize("method", ["fork", "spawn", "forkserver"])
    def test_its_threads_come_first(self, child_of_multiprocessing, method):
        ended = child_of_multiprocessing(method, "use_in_thread")
        assert (ended.returncode, ended.out) == (0, "in a thread\n0\n"), ended
        assert "|- Client (" in ended.err, ended


def test_what_was_cleared_is_registered_again(script):
    out = script(
        """
        import atexit
        atexit._clear()
        kept = sp.Client()
        async def main():
            return await sp.sleep(0.01, "at exit")
        atexit.register(lambda: print(asyncio.run(main())))
        """,
        env={"SUNDOWN_EXIT_REPORT": "1"},
        noise="|- Client (",
    )
    assert out == "at exit\n"


def test_a_fork_keeps_the_order_of_atexit(script):
    """What was registered after the import comes before stage two in a child as well."""
    out = script(
        forked(
            """
            async def main():
                return await sp.sleep(0.01, "at exit")
            atexit.register(lambda: print(asyncio.run(main()), flush=True))
            fork_that_exits()
            """
        ),
        forks=True,
    )
    assert out == "50\nat exit\n3\nat exit\n"


def test_subprocesses_from_a_process_with_a_runtime(loops):
    import asyncio
    import subprocess
    import sys

    import sundown_pytest as sp

    async def main():
        slow = sp.sleep(0.3, "still here")
        await sp.ready(None)
        done = subprocess.run([sys.executable, "-c", "print('child')"], capture_output=True, text=True, timeout=60)
        assert done.stdout == "child\n"
        assert await slow == "still here"

    loops.run(main())


def test_an_asyncio_subprocess(script):
    out = script(
        """
        async def main():
            await sp.ready(None)
            process = await asyncio.create_subprocess_exec(sys.executable, "-c", "print('child')", stdout=-1)
            out, _ = await process.communicate()
            print(out.decode().strip(), await sp.sleep(0.01, "and us"))
        asyncio.run(main())
        """
    )
    assert out == "child and us\n"
