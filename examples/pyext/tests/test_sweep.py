"""A program of the user's own, of which nobody has kept anything."""

import asyncio
import os

import pytest
from sundown_demo import ShutdownError, sweep


async def program(pids):
    begun = asyncio.get_running_loop().create_future()

    async def worker(fails):
        if not begun.done():
            begun.set_result(None)
        try:
            await asyncio.sleep(60)
        finally:
            if fails:
                raise LookupError("no such row")

    asyncio.ensure_future(worker(False))
    asyncio.ensure_future(worker(True)).set_name("importer")
    pids.append((await asyncio.create_subprocess_exec("sleep", "60")).pid)
    await begun
    await asyncio.sleep(0)


def test_what_a_program_has_left():
    pids = []
    loop = asyncio.new_event_loop()
    loop.run_until_complete(program(pids))
    with pytest.raises(ShutdownError) as raised:
        sweep(loop, timeout=60)
    assert loop.is_closed()
    assert isinstance(raised.value.__cause__, LookupError)
    report = raised.value.report
    assert 'sweep.tasks["importer"]' in report
    assert f'sweep.subprocesses["{pids[0]}"]' in report
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)


def test_from_within():
    async def main():
        pids = []
        await program(pids)
        try:
            return await sweep(timeout=60)
        except ShutdownError as error:
            return error.report

    report = asyncio.run(main())
    assert "cancelled 2" in report
    assert "SIGTERM" in report
