"""The class of `examples/small/python_class.rs`, in a process of its own."""

import subprocess
import sys

PROGRAM = """
import time
from sundown_demo import Clock

with Clock() as clock:
    while clock.ticks() < 3:
        time.sleep(0.001)
print("closed:", clock.closed)

Clock()  # forgotten

at_exit = Clock()
print("open:", not at_exit.closed)
"""


def test_it_stops_however_it_is_left():
    command = [sys.executable, "-W", "always", "-c", PROGRAM]
    program = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    assert program.returncode == 0, program.stderr
    assert program.stdout == "closed: True\nopen: True\n"
    assert program.stderr.count("ResourceWarning") == 1, program.stderr
