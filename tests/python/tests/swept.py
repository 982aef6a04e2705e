"""Loops that are swept, and what is left on them."""

import asyncio
import contextlib
import gc

import pytest
import sundown_pytest as sp


@contextlib.contextmanager
def stopped(loops, main, *arguments):
    """A loop that has run `main` and runs no more. Nothing may complain about what is left on it."""
    loop = loops.new()
    complaints = []
    loop.set_exception_handler(lambda _, context: complaints.append(context))
    try:
        loop.run_until_complete(main(*arguments))
        yield loop
        gc.collect()
    finally:
        if not loop.is_closed():
            loop.close()
    assert not complaints, complaints


def unclean(error, loop, **options):
    """The report of a sweep that raises."""
    with pytest.raises(error) as raised:
        sp.sweep(loop, **options)
    return raised.value.report


async def sleeps(begun=None):
    if begun is not None:
        begun.set_result(None)
    await asyncio.sleep(60)


async def begins(coroutine_function, *arguments):
    """A task that has begun, which nobody keeps."""
    begun = asyncio.get_running_loop().create_future()
    asyncio.ensure_future(coroutine_function(begun, *arguments))
    await begun
