"""Async generators that Rust reads."""

import asyncio

import pytest
import sundown_pytest as sp
from conftest import until

TAKES = [sp.take_v1, sp.take_v2]


async def numbers(count):
    for number in range(count):
        if number % 7 == 0:
            await asyncio.sleep(0)
        yield number


@pytest.mark.parametrize("take", TAKES)
def test_all_items_in_order(all_loops, take):
    async def main():
        assert await take(numbers(2_000), 10_000) == list(range(2_000))
        assert await take(numbers(0), 10) == []

    all_loops.run(main())


@pytest.mark.parametrize("take", TAKES)
def test_a_dropped_stream_closes_the_generator(all_loops, take):
    closed = []

    async def main():
        done = asyncio.Event()

        async def endless():
            try:
                number = 0
                while True:
                    yield number
                    number += 1
                    await asyncio.sleep(0)
            finally:
                closed.append(True)
                done.set()

        assert await take(endless(), 5) == [0, 1, 2, 3, 4]
        await asyncio.wait_for(done.wait(), 30)

    all_loops.run(main())
    assert closed == [True]


class Own(Exception):
    pass


async def two_then_error():
    yield 1
    yield 2
    raise Own("third")


def test_an_error_is_the_last_item_of_the_first_kind(all_loops):
    async def main():
        with pytest.raises(Own, match="third"):
            await sp.take_v1(two_then_error(), 10)
        assert await sp.take_v1(two_then_error(), 2) == [1, 2]

    all_loops.run(main())


def test_an_error_ends_the_second_kind(all_loops):
    async def main():
        complaints = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: complaints.append(context))
        assert await sp.take_v2(two_then_error(), 10) == [1, 2]
        return complaints

    all_loops.run(main())


def test_a_slow_reader_slows_the_generator(loops):
    made = 0

    async def eager():
        nonlocal made
        for number in range(60):
            made += 1
            yield number

    async def main():
        # It takes one item in an hour.
        future = sp.take_slowly_v2(eager(), 60, 3_600_000)
        await until(lambda: made >= 10)
        for _ in range(100):
            await sp.ready(None)
        assert 10 <= made <= 15, "ten are kept ahead, not all"
        future.cancel()
        assert await sp.take_slowly_v2(eager(), 60, 1) == list(range(60))

    loops.run(main())


def test_many_streams_at_once(all_loops):
    async def main():
        taken = await asyncio.gather(*(sp.take_v2(numbers(50), 50) for _ in range(100)))
        assert taken == [list(range(50))] * 100

    all_loops.run(main())
