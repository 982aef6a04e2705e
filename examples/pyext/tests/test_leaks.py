"""What fifty uses leave behind: nothing, whether the objects were closed or dropped."""

import asyncio
import collections
import gc
import warnings

import pytest
from conftest import descriptors, os_threads, wait_until
from sundown_demo import Client, Runner, ScriptedTool, Server
from sundown_demo.steps import import_rows

CYCLES = 50


def use_client(close, address, _folder):
    async def main():
        client = Client(address)
        await client.put("leak", b"none")
        watch = await client.watch("leak")
        await client.on_change("leak", lambda value: None)
        await client.put("leak", b"still none")
        assert await watch.__anext__() == b"still none"
        if close:
            await client.aclose()

    asyncio.run(main())


def use_server(close, _address, _folder):
    server = Server()
    with Client(server.address):
        pass
    if close:
        server.close()


def use_tool(close, _address, _folder):
    async def sleep():
        await asyncio.sleep(30)

    tool = ScriptedTool()
    tool.add("say", lambda word: word)
    tool.add("sleep", sleep)
    assert tool.execute("say hello") == "hello\n"
    assert tool.execute("say hello", session="other") == "hello\n"
    tool.start("sleep")
    if close:
        tool.close()


def use_runner(close, _address, folder):
    runner = Runner(folder)
    runner.run([import_rows(10)])
    if close:
        runner.close()


@pytest.mark.parametrize("close", [True, False], ids=["closed", "dropped"])
@pytest.mark.parametrize("use", [use_client, use_server, use_tool, use_runner])
def test_nothing_is_left(use, close, tmp_path):
    with Server() as server, warnings.catch_warnings():
        if not close:
            warnings.simplefilter("ignore", ResourceWarning)
        # The first use makes what stays: the module's runtime, which every awaitable of every object shares.
        use(True, server.address, tmp_path)
        gc.collect()
        wait_until(lambda: server.connections == 0 and not passing())
        threads, files = os_threads(), descriptors()
        for _ in range(CYCLES):
            use(close, server.address, tmp_path)
        gc.collect()
        # What was dropped may still be on its way out, as may be the thread that has run an `aclose()`, and the server's end
        # of a connection. A blocking thread of tokio's, which stays for 10 seconds, does not outlive its runtime.
        wait_until(lambda: not os_threads() - threads and not new_descriptors(files))
        assert not os_threads() - threads, "threads that were not there before, by name"
        assert not new_descriptors(files)


def new_descriptors(before):
    """What was not there before. Of what was, some may have been left by another test, and be gone."""
    return collections.Counter(descriptors().values()) - collections.Counter(before.values())


def passing():
    """Threads that the objects of this test and of the one before have left for a moment."""
    return {"client", "tool", "runner", "sundown-reaper"} & set(os_threads())
