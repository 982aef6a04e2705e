"""Everything at the same time, from eight threads: no deadlock, no error that is not meant."""

import asyncio
import gc
import threading
import warnings

import pytest
from sundown_demo import Client, Runner, ScriptedTool, Server
from sundown_demo.steps import import_rows, wait

THREADS = 8
ITERATIONS = 40
ROUNDS = 10


async def sleep():
    await asyncio.sleep(30)


def new_tool():
    tool = ScriptedTool()
    tool.add("say", lambda word: word)
    tool.add("sleep", sleep)
    return tool


class Mixed:
    """What the threads share, and what each of them does."""

    def __init__(self, folder, address):
        self.folder = folder
        self.address = address
        self.tool = new_tool()
        self.runner = Runner(folder / "shared")

    def close(self):
        self.tool.close()
        self.runner.close()

    def iteration(self, thread, number):
        mine = f"thread-{thread}"
        kinds = [self.put_and_get, self.watch_and_leave, self.execute, self.time_out, self.abandon_and_drop, self.run]
        if number == ITERATIONS - 1:
            self.own_runner(mine)
        else:
            kinds[(thread + number) % len(kinds)](mine)

    def put_and_get(self, mine):
        async def main():
            async with Client(self.address) as client:
                await client.put(mine, b"value")
                assert await client.get(mine) == b"value"

        asyncio.run(main())

    def watch_and_leave(self, mine):
        async def main():
            client = Client(self.address)
            watch = await client.watch(mine)
            await client.on_change(mine, lambda value: None)
            await client.put(mine, b"changed")
            assert await watch.__anext__() == b"changed"
            client.close()

        asyncio.run(main())

    def execute(self, mine):
        assert self.tool.execute(f"say {mine}", session=mine) == f"{mine}\n"

    def time_out(self, mine):
        with pytest.raises(TimeoutError):
            self.tool.execute("sleep", session=mine, timeout=0.005)

    def abandon_and_drop(self, mine):
        tool = new_tool()
        tool.start("sleep")
        assert tool.execute(f"say {mine}", session="other") == f"{mine}\n"

    def run(self, mine):
        assert [job.state for job in self.runner.run([import_rows(1), wait(0.001)])] == ["done", "done"]

    def own_runner(self, mine):
        with Runner(self.folder / mine) as runner:
            runner.run([import_rows(5)])


@pytest.mark.parametrize("round", range(ROUNDS))
def test_mixed(round, tmp_path):
    failures = []
    with warnings.catch_warnings(), Server() as server:
        warnings.simplefilter("ignore", ResourceWarning)  # some are dropped
        mixed = Mixed(tmp_path, server.address)

        def work(thread):
            try:
                for number in range(ITERATIONS):
                    mixed.iteration(thread, number)
            except BaseException as error:
                failures.append(error)

        threads = [threading.Thread(target=work, args=(thread,)) for thread in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        mixed.close()
        gc.collect()
    assert not failures, failures
