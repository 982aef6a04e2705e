"""`Client`: awaitables, async iterators and callbacks over a real connection."""

import asyncio
import socket

import pytest
from sundown_demo import Client, Server, ShutdownError


def test_get_put_delete(address):
    async def main():
        async with Client(address) as client:
            await client.delete("fruit")
            assert await client.get("fruit") is None
            await client.put("fruit", b"pear\r\n\x00")
            assert await client.get("fruit") == b"pear\r\n\x00"
            assert await client.delete("fruit")
            assert not await client.delete("fruit")

    asyncio.run(main())


def test_many_at_a_time(address):
    async def main():
        async with Client(address) as client:
            await asyncio.gather(*(client.put(f"key {number}", b"%d" % number) for number in range(1000)))
            values = await asyncio.gather(*(client.get(f"key {number}") for number in range(1000)))
            assert values == [b"%d" % number for number in range(1000)]

    asyncio.run(main())


def test_a_watch_is_an_async_iterator(address):
    async def main():
        async with Client(address) as reader, Client(address) as writer:
            watch = await reader.watch("colour")
            for value in [b"red", b"green", b"blue"]:
                await writer.put("colour", value)
            seen = []
            async for value in watch:
                seen.append(value)
                if len(seen) == 3:
                    break
            assert seen == [b"red", b"green", b"blue"]

    asyncio.run(main())


def test_a_watch_ends_with_its_client(address):
    async def main():
        async with Client(address) as client:
            watch = await client.watch("nothing")
            waiting = asyncio.ensure_future(collect(watch))
            await asyncio.sleep(0)
        assert await waiting == []
        assert await collect(watch) == []

    async def collect(watch):
        return [value async for value in watch]

    asyncio.run(main())


@pytest.mark.parametrize("is_async", [False, True], ids=["sync", "async"])
def test_a_callback_is_called_on_the_callers_loop(address, is_async):
    async def main():
        loop, seen = asyncio.get_running_loop(), asyncio.Queue()

        def callback(value):
            seen.put_nowait((value, asyncio.get_running_loop() is loop))

        async def async_callback(value):
            await asyncio.sleep(0)
            callback(value)

        async with Client(address) as client:
            await client.on_change("size", async_callback if is_async else callback)
            await client.put("size", b"large")
            assert await seen.get() == (b"large", True)

    asyncio.run(main())


def test_a_callback_that_is_cancelled_is_no_failure(address):
    async def main():
        complaints, seen = [], asyncio.Queue()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))

        async def callback(value):
            if value == b"cancelled":
                raise asyncio.CancelledError
            seen.put_nowait(value)

        async with Client(address) as client:
            await client.on_change("mood", callback)
            await client.put("mood", b"cancelled")
            await client.put("mood", b"good")
            assert await seen.get() == b"good"
        assert complaints == []

    asyncio.run(main())


def test_the_loop_is_told_of_a_callbacks_exception_and_the_next_one_is_called(address):
    async def main():
        complaints, seen = asyncio.Queue(), asyncio.Queue()
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.put_nowait(context))

        def callback(value):
            if value == b"bad":
                raise ValueError(value)
            seen.put_nowait(value)

        async with Client(address) as client:
            await client.on_change("mood", callback)
            await client.put("mood", b"bad")
            await client.put("mood", b"good")
            assert await seen.get() == b"good"
            complaint = await complaints.get()
            assert complaint["message"] == "a callback of Client.on_change failed"
            assert repr(complaint["exception"]) == repr(ValueError(b"bad"))

    asyncio.run(main())


def test_closing_cancels_a_callback_that_waits(address):
    async def main():
        began, observed = asyncio.Event(), asyncio.Event()

        async def callback(value):
            began.set()
            try:
                await asyncio.sleep(30)
            except asyncio.CancelledError:
                observed.set()
                raise

        async with Client(address) as client:
            await client.on_change("patience", callback)
            await client.put("patience", b"none")
            await began.wait()
        await asyncio.wait_for(observed.wait(), 30)

    asyncio.run(main())


def test_a_closed_client_says_so(address):
    async def main():
        client = Client(address)
        assert not client.closed
        await client.aclose()
        await client.aclose()
        client.close()
        assert client.closed
        with pytest.raises(ShutdownError, match="`Client` is closed"):
            client.get("anything")
        assert repr(client).startswith("<Client of ")

    asyncio.run(main())


def test_the_server_goes_first():
    async def main():
        server = Server()
        async with Client(server.address) as client:
            await client.put("a", b"b")
            watch = await client.watch("a")
            await server.aclose()
            with pytest.raises(ConnectionError):
                await client.get("a")
            with pytest.raises(ConnectionError):
                await watch.__anext__()

    asyncio.run(main())


def test_nobody_listens():
    # Nobody else gets the port meanwhile.
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))
        with pytest.raises(ConnectionRefusedError):
            Client(f"127.0.0.1:{deaf.getsockname()[1]}")
