"""What `install` adds: exceptions, and stubs that say the same; the command that completes the stubs of an extension."""

import ast
import inspect
import importlib.util
import json
import os
import subprocess
import sys

import pytest
import sundown_pytest as sp


def test_the_exceptions():
    assert sp.ShutdownError.__mro__[1:3] == (RuntimeError, Exception)
    assert issubclass(sp.ShutdownTimeout, sp.ShutdownError)
    assert issubclass(sp.ShutdownTimeout, TimeoutError)
    assert issubclass(sp.RuntimePanic, Exception)
    assert issubclass(sp.ForkedProcessError, RuntimeError)
    for kind in (sp.ShutdownError, sp.ShutdownTimeout, sp.RuntimePanic, sp.ForkedProcessError):
        assert kind.__module__ in ("sundown_pytest", "sundown_pytest.sundown_pytest"), "maturin makes a package of it"
        assert kind.__doc__
        assert str(kind("text")) == "text"


def test_an_exception_can_be_pickled():
    import pickle

    error = pickle.loads(pickle.dumps(sp.ShutdownError("text")))
    assert type(error) is sp.ShutdownError
    assert error.args == ("text",)


def test_the_stubs_name_what_is_there():
    classes = [node for node in ast.parse(sp.stubs()).body if isinstance(node, ast.ClassDef)]
    assert {node.name for node in classes} == {"ShutdownError", "ShutdownTimeout", "RuntimePanic", "ForkedProcessError", "NeedsAsyncioError"}
    for node in classes:
        names = [base.__name__ for base in getattr(sp, node.name).__bases__]
        assert names == [base.id for base in node.bases]


OWN = '''"""The extension."""

from os import PathLike
from typing import final

@final
class Client:
    """A client."""

    def __new__(cls, name: str | PathLike[str] = "client") -> "Client": ...
    def get(self) -> str: ...

    @property
    def name(self) -> str: ...

class Quiet: ...

class ByHand:
    def close(self, why: str = "no reason") -> None: ...
    closed: str
class Tool:
    ...

def connect(registers: bool) -> "Connection": ...

class ShutdownError(RuntimeError):
    report: str | None
'''

GENERATED = ["close", "aclose", "closed", "__enter__", "__exit__", "__aenter__", "__aexit__"]


def classes(text):
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}


def methods(node):
    return [item.name for item in node.body if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef))]


def test_the_command_completes_a_file(tmp_path):
    file = tmp_path / "extension.pyi"
    file.write_text(OWN, encoding="utf-8")
    sp._sundown_stubs(file)
    text = file.read_text(encoding="utf-8")
    found = classes(text)
    assert methods(found["Client"]) == ["__new__", "get", "name", *GENERATED[:3], "shutdown_report", *GENERATED[3:]]
    assert methods(found["Quiet"]) == GENERATED
    assert methods(found["Tool"]) == [*GENERATED[:3], "shutdown_report", *GENERATED[3:]]
    assert methods(found["ByHand"]) == ["close", "aclose", *GENERATED[3:]], "what it has itself stays"
    assert [base.id for base in found["Derived"].bases] == ["Base"], "classes that the file lacked"
    assert text.count("class ShutdownError") == 1, "what was there stays"
    assert {"ShutdownTimeout", "RuntimePanic", "ForkedProcessError"} <= found.keys()
    lines = set(text.splitlines())
    assert [line for line in OWN.splitlines() if line not in lines] == ["class Quiet: ...", "    ..."]
    sp._sundown_stubs(file)
    assert file.read_text(encoding="utf-8") == text, "a second run changes nothing"
    sp._sundown_stubs(file, check=True)


def test_the_command_makes_a_file_or_prints_it(tmp_path, capsys):
    file = tmp_path / "extension.pyi"
    sp._sundown_stubs(str(file))
    text = file.read_text(encoding="utf-8")
    assert sp.stubs() in text
    sp._sundown_stubs()
    assert capsys.readouterr().out == text
    for name, node in classes(text).items():
        for method in methods(node):
            assert inspect.getattr_static(getattr(sp, name), method) is not None


def test_the_command_checks(tmp_path):
    file = tmp_path / "extension.pyi"
    for text in ["", OWN]:
        file.write_text(text, encoding="utf-8")
        with pytest.raises(SystemExit, match=r"lacks what sundown generates: call `.*_sundown_stubs\("):
            sp._sundown_stubs(file, check=True)
        assert file.read_text(encoding="utf-8") == text


USES = """import asyncio
import extension

error: TimeoutError = extension.ShutdownTimeout("late")

def read(error: extension.ShutdownError) -> str:
    return error.report or ""

def sync(client: extension.Client) -> str | None:
    with client as entered:
        name: str = entered.get()
        closed: bool = entered.closed
    client.close()
    client.close(timeout=2)
    client.close(timeout=None)
    return client.shutdown_report if closed else name

async def main(client: extension.Client) -> None:
    async with client as entered:
        print(entered.get())
    await client.aclose()
    future: asyncio.Future[None] = client.aclose(timeout=0.5)
    await asyncio.wait_for(future, 1)
"""

WRONG = [
    "x: int = extension.ShutdownError('x').report",
    "extension.Client().close(timeout='2s')",
    "extension.Client().closed = True",
    "extension.Quiet().shutdown_report",
    "with extension.Client() as client: client.nothing()",
    "x: int = extension.Client().aclose()",
    "extension.Derived().close(1, 2)",
]


@pytest.fixture
def extension(tmp_path):
    package = tmp_path / "extension"
    package.mkdir()
    (package / "py.typed").touch()
    (package / "__init__.pyi").write_text(OWN, encoding="utf-8")
    sp._sundown_stubs(package / "__init__.pyi")
    (tmp_path / "good.py").write_text(USES, encoding="utf-8")
    for number, line in enumerate(WRONG):
        (tmp_path / f"bad_{number}.py").write_text(f"import extension\n{line}\n", encoding="utf-8")
    return tmp_path


def run(folder, *call):
    return subprocess.run([sys.executable, "-m", *call], cwd=folder, capture_output=True, text=True, timeout=240)


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy has no wheel for this interpreter")
def test_mypy_reads_the_stubs(extension):
    bad = [f"bad_{number}.py" for number in range(len(WRONG))]
    done = run(extension, "mypy", "--strict", "--python-version", "3.12", "--no-incremental", "good.py", "extension", *bad)
    errors = {line.split(" ")[0] for line in done.stdout.splitlines() if ": error: " in line}
    assert errors == {f"{file}:2:" for file in bad}, done.stdout + done.stderr


@pytest.mark.skipif(importlib.util.find_spec("basedpyright") is None, reason="there is no pyright for this interpreter")
def test_pyright_reads_the_stubs(extension):
    files = ["good.py", "extension", "bad_*.py"]
    settings = {"typeCheckingMode": "strict", "pythonVersion": "3.12", "include": files}
    (extension / "pyrightconfig.json").write_text(json.dumps(settings), encoding="utf-8")
    done = run(extension, "basedpyright", "--outputjson")
    wrong = {os.path.basename(found["file"]) for found in json.loads(done.stdout)["generalDiagnostics"]}
    assert wrong == {f"bad_{number}.py" for number in range(len(WRONG))}, done.stdout
