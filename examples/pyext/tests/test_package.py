"""The package around the classes: the demo, the type stubs."""

import ast
import importlib.util
import os
import subprocess
import sys
from pathlib import Path

import pytest
import sundown_demo
from sundown_demo import _native

PACKAGE = Path(sundown_demo.__file__).parent
STUBS = ast.parse((PACKAGE / "_native.pyi").read_text(encoding="utf-8"))


def test_the_demo_leaves_nothing():
    demo = subprocess.run(
        [sys.executable, "-m", "sundown_demo"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=240
    )
    assert demo.returncode == 0, demo.stdout
    assert "nothing is left." in demo.stdout


def stubs_of(name, nodes):
    """The names that the stubs say a class has, bases included."""
    node = next(node for node in nodes if isinstance(node, ast.ClassDef) and node.name == name)
    names = {item.name for item in node.body if isinstance(item, ast.FunctionDef)}
    for base in node.bases:
        if base.id == "_Closing":
            names |= stubs_of(base.id, nodes)
    return names


@pytest.mark.parametrize("name", ["Audit", "Runner", "Server", "Client", "Clock", "ScriptedTool"])
def test_the_stubs_name_what_there_is(name):
    hidden = {"__repr__", "__doc__", "__module__", "__init__"}
    there = {item for item in vars(getattr(_native, name)) if item not in hidden and not item.startswith("_sundown")}
    if name == "Audit":
        there.discard("__new__")  # on 3.9 PyO3 adds one, which refuses
    assert stubs_of(name, STUBS.body) == there


def test_the_stubs_have_what_install_adds():
    added = Path(__file__).parents[3] / "python" / "src" / "stubs.pyi"
    assert added.read_text(encoding="utf-8") in (PACKAGE / "_native.pyi").read_text(encoding="utf-8")


def test_the_command_finds_nothing_to_add():
    _native._sundown_stubs(PACKAGE / "_native.pyi", check=True)


def test_the_exceptions_bear_the_name_that_users_import():
    for name in ["ShutdownError", "ShutdownTimeout", "RuntimePanic", "ForkedProcessError", "NeedsAsyncioError"]:
        kind = getattr(sundown_demo, name)
        assert (kind.__module__, kind.__name__) == ("sundown_demo", name)


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="there is no mypy for this interpreter")
def test_the_types_are_right(tmp_path):
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path), "-p", "sundown_demo"]
    environment = {**os.environ, "MYPYPATH": str(PACKAGE.parent)}
    mypy = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)
    assert mypy.returncode == 0, mypy.stdout
