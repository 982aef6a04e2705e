"""An exception between two bytecodes of a thread of the bridge's."""

import dis
import threading


class Own(Exception):
    pass


class Raises:
    """Traces the threads that begin meanwhile, and raises once between two bytecodes of a function of the bridge's: as CPython
    does with what `PyThreadState_SetAsyncExc` has sent. Without a place it notes where that could be."""

    def __init__(self, function, place=None):
        self.function = function
        self.place = place
        self.places = []
        self.code = None

    def __enter__(self):
        threading.settrace(self.trace)
        return self

    def __exit__(self, *_):
        threading.settrace(None)

    def trace(self, frame, event, _):
        code = frame.f_code
        if code.co_name != self.function or code.co_filename != "<sundown/glue.py>":
            return None
        self.code, frame.f_trace_opcodes = code, True
        if event == "opcode":
            if self.place is None:
                if frame.f_lasti not in self.places:
                    self.places.append(frame.f_lasti)
            elif frame.f_lasti == self.place:
                self.place = None
                raise Own("between two bytecodes")
        return self.trace

    def after_the_start(self):
        """The places but for those before the function's first `try`: nobody knows the thread then. And where CPython lets
        none come: at the begin of a `try`, and where a branch is not taken, which 3.14 counts to no `try`."""
        instructions = list(dis.get_instructions(self.code))
        first = next(instruction.offset for instruction in instructions if instruction.argval == "closed")
        none_come = ("NOP", "SETUP_FINALLY", "NOT_TAKEN")
        tries = {instruction.offset for instruction in instructions if instruction.opname in none_come}
        return [place for place in self.places if place >= first and place not in tries]
