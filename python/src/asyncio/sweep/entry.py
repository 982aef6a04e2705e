"""What an extension module has of the sweep: a function that loads the rest of it when it is called, because that imports asyncio."""


def sweep(loop=None, *, timeout=5.0):
    """Ends all that is left on an asyncio event loop, also what nobody keeps, within `timeout` seconds.

    The tasks are cancelled and awaited, asynchronous generators closed, subprocesses ended (SIGTERM, then SIGKILL), and the
    threads of the default executor joined.

    In a coroutine of the loop: `await sweep()`. The caller's task, and what waits for it, is left alone, and the loop goes on.
    On a loop that does not run: `sweep(loop)` blocks, and closes it.

    Returns the report. Raises `ShutdownError` with it if something failed, and `ShutdownTimeout` if something had to be forced
    or was given up.
    """
    return load()(loop, timeout)


def sweep_at_exit(loop, *, timeout=5.0):
    """Has `sweep(loop)` called when the interpreter exits, unless the loop is closed or gone by then. It must not run any more.

    Once for each loop; of what is registered with `atexit` the last comes first.
    """
    import atexit
    import weakref

    reference = weakref.ref(loop)

    def at_exit():
        loop = reference()
        if loop is not None and not loop.is_closed():
            sweep(loop, timeout=timeout)

    atexit.register(at_exit)
