"""When the module is imported: before anything, before or after an `atexit` handler was registered, in one."""

import os
import subprocess
import sys
import textwrap

import pytest
import sundown_pytest as sp


def test_an_atexit_handler_registered_after_the_import_may_use_the_module(script):
    out = script(
        """
        async def flush():
            print(await sp.sleep(0.05, "flushed"))
        atexit.register(lambda: asyncio.run(flush()))
        """
    )
    assert out == "flushed\n"


def test_an_atexit_handler_registered_before_the_import_is_refused_by_name(script):
    out = script(
        """
        import asyncio, atexit
        def late():
            async def main():
                try:
                    await sp.sleep(0.05)
                except sp.ShutdownError as error:
                    print(type(error).__mro__[1].__name__, error)
                print(sp.stats()["refused_spawns"])
            asyncio.run(main())
        atexit.register(late)
        import sundown_pytest as sp
        async def main():
            await sp.ready(1)
        asyncio.run(main())
        """,
        prelude="",
    )
    kind, rest = out.split(" ", 1)
    assert kind == "RuntimeError"
    assert "exiting" in rest
    assert rest.endswith("\n1\n")


def test_the_first_use_in_an_atexit_handler(script):
    out = script(
        """
        import asyncio, atexit
        def late():
            import sundown_pytest as sp
            async def main():
                try:
                    print(await sp.sleep(0.01, "slept"))
                except sp.ShutdownError as error:
                    print("refused")
            asyncio.run(main())
        atexit.register(late)
        """,
        prelude="",
    )
    assert out in ("slept\n", "refused\n"), "imported within atexit: works or is refused, nothing else"


@pytest.mark.parametrize("how", ["-m", "script", "-c"])
def test_an_import_before_anything_has_ended_is_not_too_late(tmp_path, how):
    """A canary: the frames of `python -m` are told by the name of their file, which CPython may change."""
    code = textwrap.dedent(
        """
        import sys
        assert "threading" not in sys.modules, "else the frames are not looked at"
        import sundown_pytest as sp
        print(sp.block_on_sleep(0))
        """
    )
    program = tmp_path / "early.py"
    program.write_text(code)
    arguments = {"-m": ["-m", "early"], "script": [str(program)], "-c": ["-c", code]}[how]
    path = os.pathsep.join([str(tmp_path), os.path.dirname(sp.__file__), os.path.dirname(os.path.dirname(sp.__file__))])
    env = {**os.environ, "PYTHONPATH": path}
    ended = subprocess.run([sys.executable, "-S", *arguments], env=env, capture_output=True, text=True, timeout=60)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "0.0\n", ""), ended


@pytest.mark.parametrize("name", ["sundown_pytest_twin", "sundown_pytest_bare"])
def test_an_import_imports_nothing_heavy(twin, bare, name):
    """With `install` and without, used and not: what `-X importtime` lists."""
    uses = "module.use_detached()" if name.endswith("bare") else "module.Runtime().close()"
    code = f"import sys\nimport {name} as module\n{uses}\nfor _ in range(100): pass"
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(twin), str(bare)])}
    ended = subprocess.run(
        [sys.executable, "-S", "-X", "importtime", "-c", code], env=env, capture_output=True, text=True, timeout=60
    )
    assert ended.returncode == 0, ended
    lines = ended.stderr.splitlines()
    base = subprocess.run([sys.executable, "-S", "-X", "importtime", "-c", ""], env=env, capture_output=True, text=True, timeout=60)
    without = {line.split("|")[-1].strip() for line in base.stderr.splitlines()}
    imported = {line.split("|")[-1].strip() for line in lines if line.startswith("import time:")} - without
    built_in = set(sys.builtin_module_names)
    assert imported - built_in <= {name}, imported
