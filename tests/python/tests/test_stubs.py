"""What `install` adds: exceptions, and stubs that say the same."""

import ast
import importlib.util
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
    assert {node.name for node in classes} == {"ShutdownError", "ShutdownTimeout", "RuntimePanic", "ForkedProcessError"}
    for node in classes:
        names = [base.__name__ for base in getattr(sp, node.name).__bases__]
        assert names == [base.id for base in node.bases]


@pytest.mark.skipif(importlib.util.find_spec("mypy") is None, reason="mypy has no wheel for this interpreter")
def test_mypy_reads_the_stubs(tmp_path):
    package = tmp_path / "extension"
    package.mkdir()
    (package / "__init__.pyi").write_text(sp.stubs(), encoding="utf-8")
    (package / "py.typed").touch()
    good = "import extension\nerror: TimeoutError = extension.ShutdownTimeout('late')\ntext: str | None = None\n"
    good += "def read(error: extension.ShutdownError) -> str:\n    return error.report or ''\n"
    (tmp_path / "good.py").write_text(good, encoding="utf-8")
    (tmp_path / "bad.py").write_text("import extension\nx: int = extension.ShutdownError('x').report\n", encoding="utf-8")

    def mypy(name):
        call = [sys.executable, "-m", "mypy", "--strict", "--python-version", "3.12", "--no-incremental", name]
        return subprocess.run(call, cwd=tmp_path, capture_output=True, text=True, timeout=110)

    done = mypy("good.py")
    assert done.returncode == 0, done.stdout + done.stderr
    assert mypy("bad.py").returncode == 1
