"""A module that calls no `install`: the import registers the exit, whatever comes first sets it up, and in time."""

import importlib.util
import os
import shutil
import subprocess
import sys
import sysconfig
import textwrap

import pytest

HAS_GREENLET = importlib.util.find_spec("greenlet") is not None

# The report of the exit, which is there if stage two ran, names what lived.
REPORT = {"SUNDOWN_EXIT_REPORT": "1"}
IS_SET_UP = "'_sundown_exit' in sys.modules"


@pytest.fixture
def bare_script(script, bare):
    """As `script`, with the module as `bp`."""

    def run(code, *, env=None, imports=True, **options):
        path = os.pathsep.join([str(bare), *filter(None, [os.environ.get("PYTHONPATH")])])
        prelude = "import atexit, os, signal, sys, threading, time\n"
        prelude += "import sundown_pytest_bare as bp\n" if imports else ""
        return script(code, prelude=prelude, env={"PYTHONPATH": path, **REPORT, **(env or {})}, **options)

    return run


def test_an_import_sets_nothing_up(bare_script):
    assert bare_script(f"print({IS_SET_UP})") == "False\n"


FLUSH = """
import asyncio
async def flush():
    print(await bp.slept(0.01))
"""


class TestAnAtexitFunction:
    """What was registered after the import may use the module, for the first time too."""

    @pytest.mark.parametrize("use", ["", "asyncio.run(flush())", "bp.use_detached()"], ids=["never", "bridge", "runtime"])
    def test_that_is_registered_before_the_first_use(self, bare_script, use):
        out = bare_script(f"{FLUSH}\natexit.register(lambda: asyncio.run(flush()))\n{use}", noise="exit of")
        assert out in ("slept\n", "slept\nslept\n")
        assert (out == "slept\nslept\n") == ("flush" in use)

    def test_that_is_registered_in_the_next_statement(self, start, bare):
        code = f"{FLUSH}\nimport atexit, sys\nsys.path.insert(0, {str(bare)!r})\ndef late(): asyncio.run(flush())\n"
        code += "import sundown_pytest_bare as bp; atexit.register(late)"
        ended = start(code, prelude="", env=REPORT).wait()
        assert (ended.returncode, ended.out) == (0, "slept\n"), ended
        assert "default (" in ended.err, ended

    def test_that_is_registered_before_the_import(self, start, bare):
        code = f"""
        import atexit, asyncio, sys
        sys.path.insert(0, {str(bare)!r})
        def late():
            async def main():
                try:
                    await bp.slept(0.01)
                except RuntimeError as error:
                    print(type(error).__name__)
            asyncio.run(main())
        atexit.register(late)
        import sundown_pytest_bare as bp
        """
        ended = start(code, prelude="", env=REPORT).wait()
        assert (ended.returncode, ended.out, ended.err) == (0, "ShutdownError\n", ""), ended


@pytest.mark.parametrize(
    "use",
    [
        "bp.use_attached()",
        "bp.use_detached()",
        "bp.use_while_this_blocks(True)",
        "bp.init_with_tokio(); bp.use_detached()",
        "thread = threading.Thread(target=bp.use_attached); thread.start(); thread.join()",
        "bp.use_in_thread(50); over = time.monotonic() + 30\nwhile not bp.was_used_in_thread() and time.monotonic() < over: time.sleep(0.01)",
    ],
)
def test_by_a_use_of_the_default_runtime(bare_script, use):
    out = bare_script(f"{use}\nfor _ in range(100): pass\nprint({IS_SET_UP})", noise="default (")
    assert out == "True\n"


def test_under_the_name_that_its_users_know(bare_script):
    code = """
        bp.install_as("etcd_client")
        for kind in (bp.ShutdownError, bp.ShutdownTimeout, bp.RuntimePanic, bp.NeedsAsyncioError):
            print(kind)
        bp.use_attached()
    """
    out = bare_script(code, noise="exit of etcd_client ")
    names = ["ShutdownError", "ShutdownTimeout", "RuntimePanic", "NeedsAsyncioError"]
    assert out.splitlines() == [f"<class 'etcd_client.{name}'>" for name in names]


@pytest.mark.parametrize("use", ["future", "coroutine"])
def test_the_place_of_the_default_runtime_is_the_users(bare_script, use):
    code = f"""
        import asyncio

        async def main():
            await bp.{use}()

        asyncio.run(main())
    """
    # The path is absolute where the module is built outside the workspace, with another PyO3.
    bare_script(code, noise="tests/python/src/bare.rs:")


def test_by_another_runtime(bare_script):
    assert bare_script("print(bp.shared_runtime())", noise="shared (") == "shared\n"


def test_while_the_main_thread_blocks_attached(bare_script):
    """Up to 3.11 CPython tells it then when it next takes the GIL, or at its end."""
    bare_script("bp.use_while_this_blocks(False)\nfor _ in range(100): pass", noise="default (")


def test_the_last_thing_that_a_script_does(bare_script):
    """No bytecode of the main thread comes after it."""
    bare_script("bp.use_detached()", noise="default (")


def test_by_a_thread_when_the_main_thread_has_ended(bare_script):
    """`Py_FinalizeEx` makes the calls that are pending when it has waited for the threads, before `atexit`."""
    bare_script(
        """
        ended = threading.Event()
        threading._register_atexit(ended.set)
        def work():
            ended.wait()
            bp.use_in_thread(0)
            def names():
                for task in os.listdir("/proc/self/task"):
                    try:
                        yield open(f"/proc/self/task/{task}/comm").read().strip()
                    except OSError:
                        pass
            over = time.monotonic() + 30
            while "default" not in names() and time.monotonic() < over:
                time.sleep(0.01)
            time.sleep(0.3)
        threading.Thread(target=work).start()
        """,
        noise="default (",
    )


def test_by_a_thread_while_the_atexit_functions_run_that_import_it(bare_script):
    """Too late to be called by CPython: what lives is stopped at once, and what is just being made as soon as it is."""
    out = bare_script(
        """
        def late():
            import sundown_pytest_bare as bp
            bp.use_in_thread(0)
            over = time.monotonic() + 20
            while not bp.is_closed() and time.monotonic() < over:
                time.sleep(0.01)
            print(bp.is_closed())
        atexit.register(late)
        """,
        noise="",
        imports=False,
    )
    assert out == "True\n"


class TestAFirstImportInAnAtexitFunction:
    """CPython calls nothing that is registered then: what lives is stopped at once, and what comes later refused."""

    @pytest.fixture
    def program(self, bare, tmp_path):
        """Runs a script from a file, which has no `__file__` any more when the `atexit` functions run. Its end is `code`."""

        def run(code):
            script = tmp_path / "script.py"
            late = """
            import atexit, functools, sys

            def late(first=None):
                if first is not None:
                    __import__(first)
                import sundown_pytest_bare as bp
                bp.use_detached()
                for _ in range(100):
                    pass
                print(bp.is_closed())

            class Late:
                def __call__(self):
                    late()

                def method(self):
                    late()
            class Job:
                def __init__(self, func):
                    self.func = func
                def __call__(self):
                    self.func()
            """
            script.write_text(textwrap.dedent(late) + textwrap.dedent(code))
            path = os.pathsep.join([str(bare), *filter(None, [os.environ.get("PYTHONPATH")])])
            command, env = [sys.executable, "-X", "faulthandler", str(script)], {**os.environ, "PYTHONPATH": path, **REPORT}
            ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
            assert ended.returncode == 0, ended
            return ended

        return run

    @pytest.mark.parametrize("first", ["", "'threading'", "'asyncio'"])
    def test_of_a_script(self, program, first):
        """Also where `threading` is first imported there: CPython never calls its `_shutdown` then."""
        ended = program(f"atexit.register(late, {first})")
        assert ended.stdout == "True\n", ended
        assert "default (" in ended.stderr, ended

    @pytest.mark.parametrize(
        "function",
        [
            "Late()",
            "Late().method",
            "functools.partial(late, 'asyncio')",
            "functools.partial(Late().method)",
            "Job(late)",
            "functools.partial(Job(late))",
        ],
    )
    def test_by_another_callable(self, program, function):
        ended = program(f"atexit.register({function})")
        assert ended.stdout == "True\n", ended
        assert "default (" in ended.stderr, ended

    def test_an_import_by_the_script_is_in_time(self, program):
        """Also in a function that is registered, which the script calls. At exit it comes after stage two."""
        ended = program(
            """
            def both():
                import sundown_pytest_bare as bp
                bp.use_detached()
                for _ in range(100):
                    pass
                print(bp.is_closed())
            atexit.register(both)
            both()
            """
        )
        assert ended.stdout == "False\nTrue\n", ended
        assert "default (" in ended.stderr, ended


    def test_of_a_function_that_c_calls(self, program):
        """`Context.run` is no Python function, and nothing tells which it calls."""
        ended = program("import contextvars; atexit.register(contextvars.Context().run, late)")
        assert ended.stdout == "True\n", ended

    def test_what_is_registered_stays_so(self, program):
        """Of a function whose `__eq__` says yes to all: `atexit.unregister` would take it for what it is given."""
        ended = program(
            """
            class Equal:
                def __eq__(self, other):
                    return True
                def __call__(self):
                    print("called")
            atexit.register(Equal())
            atexit.register(late)
            """
        )
        assert ended.stdout == "True\ncalled\n", ended

    @pytest.mark.parametrize("arguments", [["-m", "program"], ["-c", "import program"]])
    def test_of_another_program(self, start, bare, tmp_path, arguments):
        """`__main__` tells nothing there; the main thread's frames do."""
        (tmp_path / "program.py").write_text(
            """
import atexit, sys
def late():
    import asyncio
    import sundown_pytest_bare as bp
    bp.use_detached()
    for _ in range(100):
        pass
    print(bp.is_closed())
atexit.register(late)
"""
        )
        path = os.pathsep.join([str(bare), str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        command, env = [sys.executable, "-X", "faulthandler", *arguments], {**os.environ, "PYTHONPATH": path, **REPORT}
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stdout) == (0, "True\n"), ended
        assert "default (" in ended.stderr, ended

    @pytest.mark.skipif(not HAS_GREENLET, reason="greenlet has no wheel for this interpreter")
    @pytest.mark.parametrize("file", [True, False])
    def test_an_import_in_a_greenlet_is_in_time(self, program, bare_script, file):
        """The outermost frame of a greenlet is that of a function, which may be registered as well. At exit too a greenlet is
        not mistaken for the thread."""
        code = """
            import greenlet
            def both():
                import sundown_pytest_bare as bp
                bp.use_detached()
                for _ in range(100):
                    pass
                print(bp.is_closed())
            def at_exit():
                greenlet.greenlet(both).switch()
            if {first}:
                atexit.register(both)
                greenlet.greenlet(both).switch()
            else:
                atexit.register(at_exit)
            """
        for first, printed in [(True, "False\nTrue\n"), (False, "True\n")]:
            if file:
                assert program(code.format(first=first)).stdout == printed
            else:
                assert bare_script(code.format(first=first), imports=False, noise="default (") == printed

    @pytest.mark.parametrize("program", ["-c", "-m"])
    def test_an_import_in_the_hook_for_what_was_not_caught_is_in_time(self, start, bare, tmp_path, program):
        """C calls it when `-c` or `-m` has ended: `atexit` comes after it."""
        code = """
import sys
def hook(*_):
    import sundown_pytest_bare as bp
    bp.use_detached()
    for _ in range(100):
        pass
    print(bp.is_closed())
sys.excepthook = hook
raise ValueError
"""
        (tmp_path / "program.py").write_text(code)
        path = os.pathsep.join([str(bare), str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
        command = [sys.executable, program, code if program == "-c" else "program"]
        env = {**os.environ, "PYTHONPATH": path, **REPORT}
        ended = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)
        assert (ended.returncode, ended.stdout) == (1, "False\n"), ended
        assert "default (" in ended.stderr, ended


HOST = r"""
#include <Python.h>
/* A host that calls a function of its startup script: one that is registered with `atexit`, too. */
int main(int argc, char **argv) {
    Py_Initialize();
    FILE *file = fopen(argv[1], "r");
    if (!file || PyRun_SimpleFileExFlags(file, argv[1], 1, NULL) != 0) return 2;
    PyObject *function = PyObject_GetAttrString(PyImport_AddModule("__main__"), "both");
    PyObject *result = PyObject_CallNoArgs(function);
    if (!result) { PyErr_Print(); return 3; }
    return Py_FinalizeEx();
}
"""


@pytest.mark.skipif(not sysconfig.get_config_var("Py_ENABLE_SHARED"), reason="the interpreter has no library to link")
@pytest.mark.skipif(shutil.which("cc") is None, reason="there is no C compiler")
def test_an_import_in_a_host_is_in_time(bare, tmp_path):
    (tmp_path / "host.c").write_text(HOST)
    variable = sysconfig.get_config_var
    library = variable("LDLIBRARY").removeprefix("lib").split(".so")[0]
    folders = [f"-I{sysconfig.get_path('include')}", f"-L{variable('LIBDIR')}", f"-Wl,-rpath,{variable('LIBDIR')}"]
    command = ["cc", "host.c", *folders, f"-l{library}", "-o", "host"]
    if subprocess.run(command, cwd=tmp_path, timeout=60).returncode != 0:
        pytest.skip("the interpreter's library is for another system than the compiler")
    (tmp_path / "startup.py").write_text(
        """
import atexit
def both():
    import sundown_pytest_bare as bp
    bp.use_detached()
    for _ in range(100):
        pass
    print(bp.is_closed(), flush=True)
atexit.register(both)
"""
    )
    path = os.pathsep.join([str(bare), *filter(None, [os.environ.get("PYTHONPATH")])])
    env = {**os.environ, "PYTHONPATH": path, "PYTHONHOME": sys.base_prefix, **REPORT}
    ended = subprocess.run(["./host", "startup.py"], cwd=tmp_path, env=env, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout) == (0, "False\nTrue\n"), ended


def test_ctrl_c_is_not_lost(bare_script):
    """The call on the main thread imports modules. A signal that arrives meanwhile is for what it has interrupted."""
    bare_script(
        """
        import builtins
        original = builtins.__import__
        class Finder:
            def find_spec(self, name, path=None, target=None):
                if name == "concurrent.futures.thread" or name == "concurrent":
                    sys.meta_path.remove(self)
                    signal.raise_signal(signal.SIGINT)
        for name in [name for name in sys.modules if name.startswith("concurrent")]:
            del sys.modules[name]
        sys.meta_path.insert(0, Finder())
        try:
            bp.use_cancelling()
            for _ in range(1_000_000):
                pass
        except KeyboardInterrupt:
            sys.exit(6)
        """,
        status=6,
        noise="",
    )


def test_a_lock_of_the_users_around_it(bare_script):
    """Each thread is attached while it waits for the first one: what is set up must not let go of the GIL there."""
    out = bare_script(
        """
        sys.setswitchinterval(1e-6)
        gate = threading.Barrier(8)
        def work():
            gate.wait()
            bp.shared_runtime()
        threads = [threading.Thread(target=work) for _ in range(8)]
        for thread in threads: thread.start()
        for thread in threads: thread.join()
        print("done")
        """,
        noise="shared (",
    )
    assert out == "done\n"


def test_a_fork_before_the_main_thread_gets_to_it(bare_script):
    out = bare_script(
        """
        import warnings
        warnings.simplefilter("ignore")
        child = bp.use_and_fork()
        if child == 0:
            bp.use_detached()
            print("child", flush=True)
            sys.exit(0)
        print(os.waitpid(child, 0)[1], flush=True)
        """,
        noise="default (",
        forks=True,
    )
    assert out == "child\n0\n"


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_in_processes_of_multiprocessing(bare, start, tmp_path, method):
    program = tmp_path / "program.py"
    program.write_text(
        f"""
import multiprocessing, sys, warnings
sys.path.insert(0, {str(bare)!r})
import sundown_pytest_bare as bp
def work(number):
    bp.use_detached()
    return number
if __name__ == "__main__":
    warnings.simplefilter("ignore")
    bp.use_detached()
    with multiprocessing.get_context({method!r}).Pool(2) as pool:
        print(sum(pool.map(work, range(10))))
"""
    )
    ended = start(f"import runpy, sys\nsys.argv = [{str(program)!r}]\nrunpy.run_path({str(program)!r}, run_name='__main__')", forks=True, prelude="").wait()
    assert (ended.returncode, ended.out) == (0, "45\n"), ended


def test_ctrl_c_in_what_the_first_object_imports_is_not_lost(bare_script):
    """As a signal's handler would raise it: in the Python code that the import runs."""
    out = bare_script(
        """
        def trace(frame, event, _):
            if "concurrent" in frame.f_code.co_filename:
                sys.settrace(None)
                raise KeyboardInterrupt
            return trace
        assert "concurrent.futures.thread" not in sys.modules
        sys.settrace(trace)
        try:
            bp.Lender(True)
            for _ in range(100):
                pass
        except KeyboardInterrupt:
            print("interrupted")
        """,
        noise="exit of",
    )
    assert "interrupted\n" in out


class TestWaves:
    def test_objects_finish_before_the_runtime_of_their_tasks(self, bare_script):
        out = bare_script("kept = [bp.Flusher(0.05) for _ in range(100)]", noise="Flusher (")
        assert out == "flushed\n" * 100

    def test_an_object_that_takes_longer_than_its_share(self, bare_script):
        """It is forced, and the runtime has its own share: it ends by itself."""
        env = {"SUNDOWN_EXIT_TIMEOUT": "1.5"}
        out = bare_script("kept = [bp.Flusher(60), bp.Flusher(0.05)]", noise="forced", env=env)
        assert out == "flushed\n"

    def test_on_a_runtime_that_another_object_owns(self, start, bare):
        """Both are stopped in the same wave, so the task may be dropped. It is never called stopped then."""
        code = f"import sys\nsys.path.insert(0, {str(bare)!r})\nimport sundown_pytest_bare as bp\n"
        ended = start(code + "lender = bp.Lender()\nkept = lender.flusher(0.3)", prelude="", env=REPORT).wait()
        assert ended.returncode == 0, ended
        flushed = ended.out == "flushed\n"
        assert flushed or "dropped by its runtime before it ended: `flush`" in ended.err, ended
