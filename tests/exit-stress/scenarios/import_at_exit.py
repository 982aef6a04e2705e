# An `atexit` function is the first to import asyncio and the module, whose tasks then attach and call a function again and
# again. CPython calls nothing that is registered now.
#
# peer: no
# stdout: watching
import atexit
import sys

from ending import end


def late():
    import asyncio
    import threading

    import stress_bare

    assert asyncio
    called = threading.Event()

    def call():
        called.set()
        return {number: str(number) for number in range(500)}

    try:
        sys.watcher = stress_bare.watch("plain", "", call)
    except RuntimeError:
        pass
    print("watching", flush=True)


atexit.register(late)
end()
