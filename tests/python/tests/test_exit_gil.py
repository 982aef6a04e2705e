"""What the finalization finds of the GIL."""

#: Four daemon threads that compute; and what the finalization frees in Python: in a module of its own, because the frames of the
#: threads have the program's names.
BUSY = """
import atexit, sys, threading, types
late = types.ModuleType("late")
exec('''
class Freed:
    def __del__(self):
        pass

freed = [Freed() for _ in range(100_000)]
''', vars(late))
sys.modules["late"] = late
del late

def compute():
    computing.wait()
    while True:
        pass

computing = threading.Barrier(5)
for _ in range(4):
    threading.Thread(target=compute, daemon=True).start()
"""


def test_a_request_that_is_left_behind(script):
    """The last `atexit` function runs no bytecode for longer than a switch interval: so the threads have requested the GIL when
    the interpreter finalizes, and end. Up to 3.10.7 the main thread then waits for one that takes it."""
    script(
        """
        atexit.register(sum, range(1_000_000))
        import sundown_pytest as sp
        computing.wait()
        """,
        prelude=BUSY,
    )


def test_the_interval_of_an_interpreter_that_goes_on(script):
    """The `atexit` functions may be called by hand."""
    out = script(
        """
        import sundown_pytest as sp
        sys.setswitchinterval(1e-3)
        computing.wait()
        atexit._run_exitfuncs()
        print(sys.getswitchinterval())
        """,
        prelude=BUSY,
    )
    assert out == "0.001\n"
