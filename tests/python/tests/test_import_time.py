"""When the module is imported: before anything, and whether it is too late."""

import os
import subprocess
import sys
import textwrap

import pytest
import sundown_pytest as sp


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
