"""The bridge of a class: `self.guard.future_into_py`."""

import asyncio
import gc
import os

import pytest
import sundown_pytest as sp
from conftest import until


def test_futures_are_as_any(all_loops):
    async def main():
        async with sp.Session(sp.Probe()) as session:
            assert await asyncio.gather(*map(session.echo, range(10))) == list(range(10))
            with pytest.raises(ValueError, match="unlucky"):
                await session.echo(13)
            session.echo(1).cancel()

    all_loops.run(main())


def test_close_drops_them_before_the_fields(loops):
    async def main():
        probe = sp.Probe()
        session = sp.Session(probe)
        futures = [session.watch() for _ in range(20)]
        assert probe.wait_started(20)
        await session.aclose()
        assert session.left() == (20, 20)
        for future in futures:
            with pytest.raises(sp.ShutdownError, match="the object closed, before"):
                await future
        assert "Session.guard" in session.shutdown_report

    loops.run(main())


def test_abandoned_futures_are_quiet(loops):
    """The loop's exception handler fails this test: "exception was never retrieved", once for each future."""

    async def main():
        probe = sp.Probe()
        with sp.Session(probe) as session:
            for _ in range(20):
                session.watch()
            assert probe.wait_started(20)
        await asyncio.sleep(0.01)
        gc.collect()

    loops.run(main())


def test_a_closed_object_has_no_more(loops):
    async def main():
        for used in (False, True):
            session = sp.Session(sp.Probe())
            if used:
                await session.echo(1)
            session.close()
            for call in (lambda: session.echo(1), session.watch_anyway):
                with pytest.raises(sp.ShutdownError, match="`Session` is closed"):
                    call()
            assert ("Session.guard" in session.shutdown_report) == used

    loops.run(main())


def test_drained_ones_are_waited_for(loops):
    async def main():
        probe = sp.Probe()
        session = sp.Session(probe)
        put, watch = session.put(), session.watch()
        assert probe.wait_started(2)
        closing = session.aclose()
        assert probe.wait_dropped(1), "the other one is dropped at once"
        assert not closing.done() and session.left() is None
        probe.release()
        await closing
        assert await put == "put"
        assert (probe.completed, probe.dropped, session.left()) == (1, 2, (2, 2))
        with pytest.raises(sp.ShutdownError):
            await watch

    loops.run(main())


def test_a_drained_one_may_listen(loops):
    async def main():
        probe = sp.Probe()
        session = sp.Session(probe)
        follow = session.follow()
        assert probe.wait_started()
        await session.aclose()
        assert await follow == "stopped"

    loops.run(main())


def test_drained_ones_are_dropped_when_the_time_is_over(loops):
    async def main():
        probe = sp.Probe()
        session = sp.Session(probe)
        put = session.put()
        assert probe.wait_started()
        with pytest.raises(sp.ShutdownTimeout, match="future_into_py"):
            await session.aclose(0.2)
        # A worker drops it, which may be busy when the time is over.
        assert probe.wait_dropped(1) and probe.completed == 0
        with pytest.raises(sp.ShutdownError):
            await put

    loops.run(main())


def test_an_object_that_is_collected(loops):
    async def main():
        probe = sp.Probe()
        session = sp.Session(probe)
        future = session.watch()
        assert probe.wait_started()
        with pytest.warns(ResourceWarning, match="unclosed `Session`"):
            del session
            gc.collect()
        with pytest.raises(sp.ShutdownError):
            await future
        assert probe.dropped == 1

    loops.run(main())


def test_nothing_is_left_behind(loops):
    async def main():
        await sp.Session(sp.Probe()).aclose()
        before = sp.module_tasks()
        for _ in range(200):
            probe = sp.Probe()
            async with sp.Session(probe) as session:
                await session.echo(1)
                session.watch()
        # tokio counts a task until the worker lets go of it, a moment after its end.
        await until(lambda: sp.module_tasks() <= before)
        assert sp.module_tasks() <= before

    loops.run(main())


def test_at_exit(script):
    out = script(
        """
        import atexit
        probe = sp.Probe()
        async def main():
            session = sp.Session(probe)
            futures = session.put(), session.watch()
            assert probe.wait_started(2)
            # The drained one ends while the interpreter exits.
            threading.Timer(0.2, probe.release).start()
            keep.append((session, futures))
        keep = []
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        import sys
        def write(sentence=sys.stdout.write):
            sentence(f"{probe.completed} {probe.dropped} {keep[0][0].left()}")
        class AtEnd:
            def __del__(self): write()
        sys.at_end = AtEnd()
        """
    )
    assert out == "1 2 (2, 2)"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child(script):
    out = script(
        """
        import warnings
        warnings.filterwarnings("ignore", message=".*fork.*", category=DeprecationWarning)
        probe = sp.Probe()
        async def main(session):
            return await session.echo(7)
        session = sp.Session(probe)
        print(asyncio.run(main(session)), flush=True)
        pid = os.fork()
        if pid == 0:
            signal.alarm(20)
            try:
                asyncio.run(main(session))
                os._exit(1)
            except sp.ForkedProcessError as error:
                assert "`Session` belongs to the parent" in str(error)
            with sp.Session(probe) as own:
                assert asyncio.run(main(own)) == 7
            os._exit(0)
        print(os.waitpid(pid, 0)[1])
        print(asyncio.run(main(session)))
        session.close()
        """,
        forks=True,
    )
    assert out == "7\n0\n7\n"
