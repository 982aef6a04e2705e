"""The module that is tested is the one that was built."""

import os

import sundown_pytest


def test_it_is_the_build_on_the_path():
    assert sundown_pytest.__file__.startswith(os.environ["PYTHONPATH"])
    assert sundown_pytest.__build__ in ("abi3", "version-specific")


def test_the_build_script_knows_the_implementation():
    """A canary: it is PyO3 that says so. Without it the build for PyPy is not refused."""
    assert sundown_pytest.__built_for__ == "CPython"
