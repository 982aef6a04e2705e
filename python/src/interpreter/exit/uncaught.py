"""What the end of a daemon thread prints while the interpreter exits."""

import threading


def quieten(refusal):
    """From now on a thread that ends with a `refusal` of this module that was not caught ends without a word.

    Only daemon threads run still, and the interpreter stops those in a moment, without a word too. Besides, one that prints
    may hold the lock of sys.stderr just then: a fatal error of its own ("could not acquire lock ... at interpreter
    shutdown").
    """
    before = threading.excepthook

    def refused(error):
        # Of several at once, in an ExceptionGroup, all are.
        several = getattr(error, "exceptions", None)
        return all(map(refused, several)) if several else isinstance(error, refusal)

    def excepthook(args):
        if not refused(args.exc_value):
            before(args)

    threading.excepthook = excepthook
