"""Subinterpreters are refused, and do no harm to the main interpreter."""

import importlib.util
import os

import pytest
import sundown_pytest

#: `run(code)` runs it in a subinterpreter, which has ended when this returns, and returns what it printed. Before 3.12, and in a
#: legacy one, which C programs make, the GIL is shared; CPython itself refuses the import in one that has a GIL of its own.
RUN = """
import os, sys
try:
    import _interpreters as interpreters
except ImportError:
    import _xxsubinterpreters as interpreters

def create(shares_the_gil):
    if sys.version_info < (3, 10):
        return interpreters.create()
    if sys.version_info < (3, 13):
        return interpreters.create(isolated=not shares_the_gil)
    return interpreters.create("legacy" if shares_the_gil else "isolated")

def run(code, shares_the_gil=True):
    read, write = os.pipe()
    interpreter = create(shares_the_gil)
    code = f"import os, sys\\nsys.path[:] = {sys.path!r}\\ndef tell(*what): os.write({write}, (' '.join(map(str, what)) + '\\\\n').encode())\\n{code}"
    failed = getattr(interpreters, "exec", interpreters.run_string)(interpreter, code)
    assert failed is None, failed
    interpreters.destroy(interpreter)
    os.close(write)
    with open(read) as told:
        return told.read()
"""

IMPORT = """
try:
    import sundown_pytest as sp
except ImportError as error:
    tell(type(error).__name__, error)
else:
    tell("imported")
"""

USE = """
import asyncio
async def main():
    return await sp.sleep(0.01, "slept")
print(asyncio.run(main()), sp.block_on_sleep(0))
with sp.Client() as client:
    print(client.get())
"""

needs_subinterpreters = pytest.mark.skipif(
    not any(map(importlib.util.find_spec, ("_interpreters", "_xxsubinterpreters"))), reason="no subinterpreters here"
)
pytestmark = needs_subinterpreters


@pytest.fixture
def refused(script):
    """Runs code; it prints what became of an import in a subinterpreter, and then what the main one prints."""

    def refused(code):
        first, rest = script(RUN + code, prelude="", env={"SUNDOWN_EXIT_REPORT": ""}).split("\n", 1)
        assert first.startswith("ImportError "), first
        assert "subinterpreters" in first, first
        return rest

    return refused


@pytest.mark.parametrize("shares_the_gil", [True, False])
def test_a_first_import_in_one_is_refused_and_the_main_one_works(refused, shares_the_gil):
    out = refused(f"print(run({IMPORT!r}, {shares_the_gil}), end='')\nimport sundown_pytest as sp\n{USE}")
    assert out == "slept 0.0\nclient\n"


@pytest.mark.parametrize("shares_the_gil", [True, False])
def test_an_import_after_the_main_ones_is_refused(refused, shares_the_gil):
    out = refused(f"import sundown_pytest as sp\nprint(run({IMPORT!r}, {shares_the_gil}), end='')\n{USE}")
    assert out == "slept 0.0\nclient\n"


def test_many_imports(refused):
    out = refused(f"import sundown_pytest as sp\nfor _ in range(10):\n    told = run({IMPORT!r})\nprint(told, end='')\n{USE}")
    assert out == "slept 0.0\nclient\n"


def test_what_lives_in_the_main_one_goes_on(refused):
    out = refused(
        f"""
import sundown_pytest as sp
client, probe = sp.Client(), sp.Probe()
client.spawn_never(probe)
probe.wait_started()
print(run({IMPORT!r}), end="")
print(probe.dropped, client.closed)
{USE}
"""
    )
    assert out == "0 False\nslept 0.0\nclient\n"


def test_the_first_use_of_a_module_without_install_is_refused(script, bare):
    """Not its import, which it does not hear of, where CPython allows that."""
    use = f"""
sys.path.insert(0, {str(bare)!r})
try:
    import asyncio
    import sundown_pytest_bare as bp
    async def main():
        return await bp.slept(0.01)
    tell(asyncio.run(main()))
except (ImportError, RuntimeError) as error:
    tell("refused", error)
"""
    path = os.pathsep.join([str(bare), os.path.dirname(os.path.dirname(sundown_pytest.__file__))])
    out = script(
        f"{RUN}\nprint(run({use!r}), end='')\nimport asyncio\nimport sundown_pytest_bare as bp\n"
        "async def main():\n    return await bp.slept(0.01)\nprint(asyncio.run(main()))",
        prelude="",
        env={"PYTHONPATH": path},
    )
    first, rest = out.split("\n", 1)
    assert first.startswith("refused ") and "subinterpreters" in first
    assert rest == "slept\n"
