"""Requests, an async iterator and a callback over a real connection."""

import asyncio

from sundown_demo import Client, Server, ShutdownError

from .proof import Say


def act(say: Say) -> None:
    with Server() as server:
        say("server", server)
        asyncio.run(use(server.address, say))


async def use(address: str, say: Say) -> None:
    began, cancelled = asyncio.Event(), asyncio.Event()

    async def on_change(value: bytes) -> None:
        began.set()
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError:
            cancelled.set()
            raise

    async with Client(address) as client:
        watch = await client.watch("fruit")
        await client.on_change("fruit", on_change)
        for value in [b"apple", b"pear"]:
            await client.put("fruit", value)
        say("get", await client.get("fruit"))
        say("watch", [await watch.__anext__(), await watch.__anext__()])
        await began.wait()
        say("callback", "began, and sleeps for 30 s")
    await cancelled.wait()
    say("closed", "by `async with`: the callback has observed CancelledError")
    say("watch", f"has ended: {[value async for value in watch]}")
    try:
        await client.get("fruit")
    except ShutdownError as error:
        say("get", f"{type(error).__name__}: {error}")
