"""Classes with `#[pyclass_teardown]`: closed by `close()`, `aclose()`, `with`, `async with`; kinds of classes."""

import asyncio
import contextlib
import inspect
import threading
import time

import pytest
import sundown_pytest as sp
from conftest import gone, wait_until


def test_close():
    client = sp.Client("closes")
    assert not client.closed
    assert client.shutdown_report is None
    assert client.get() == "closes"
    assert client.close() is None
    assert client.closed
    assert gone("closes")
    assert "Client.runtime" in client.shutdown_report
    client.close()
    client.close(timeout=1)


def test_with():
    with sp.Client("with") as client:
        assert client.get() == "with"
    assert client.closed
    assert gone("with")


def test_with_and_an_exception():
    with pytest.raises(KeyError, match="mine"), sp.Client() as client:
        raise KeyError("mine")
    assert client.closed


def test_with_and_close_inside():
    with sp.Client() as client:
        client.close()
    assert client.closed


def test_aclose(all_loops):
    async def main():
        client = sp.Client("aclose")
        future = client.aclose()
        assert asyncio.isfuture(future)
        assert await future is None
        assert client.closed
        assert await client.aclose(timeout=1) is None
        assert gone("aclose")

    all_loops.run(main())


def test_async_with(all_loops):
    async def main():
        async with sp.Client() as client:
            assert client.get() == "client"
        assert client.closed
        with pytest.raises(ValueError, match="mine"):
            async with sp.Client() as client:
                raise ValueError("mine")
        assert client.closed

    all_loops.run(main())


def test_aclose_does_not_block_the_loop(loops):
    async def main():
        client, probe = sp.Client(), sp.Probe()
        client.spawn_blocking(60, probe)
        assert probe.wait_started()
        future = client.aclose(60)
        for _ in range(20):
            await asyncio.sleep(0)
        assert not future.done()
        probe.release()
        await future

    loops.run(main())


def test_aclose_goes_on_when_it_is_cancelled(loops):
    async def main():
        client, probe = sp.Client(), sp.Probe()
        client.spawn_blocking(60, probe)
        assert probe.wait_started()
        future = client.aclose(60)
        await asyncio.sleep(0)
        future.cancel()
        with pytest.raises(asyncio.CancelledError):
            await future
        assert client.closed
        assert client.shutdown_report is None
        probe.release()
        await client.aclose()
        assert client.shutdown_report is not None

    loops.run(main())


def test_aclose_needs_a_loop():
    with sp.Client() as client, pytest.raises(RuntimeError, match="no running event loop"):
        client.aclose()


@pytest.mark.parametrize("timeout", [-1, float("nan"), -0.001])
def test_a_timeout_that_is_none(timeout):
    with sp.Client() as client:
        with pytest.raises(ValueError, match="`timeout`"):
            client.close(timeout)
        assert not client.closed


@pytest.mark.parametrize("timeout", [None, 1, 0.5, float("inf"), 1e300])
def test_a_timeout(timeout):
    client = sp.Client()
    client.close(timeout)
    assert client.closed


def test_what_does_not_stop_is_named_and_bounded(loops):
    client, probe = sp.Client("stuck"), sp.Probe()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    before = time.monotonic()
    with pytest.raises(sp.ShutdownTimeout, match="`sleeper`") as raised:
        client.close(timeout=0.2)
    assert time.monotonic() - before < 20
    probe.release()
    assert isinstance(raised.value, (sp.ShutdownError, TimeoutError))
    assert "Client.runtime" in raised.value.report
    assert raised.value.report == client.shutdown_report
    client.close()  # it was closed, and stays so

    async def main():
        client, probe = sp.Client("stuck"), sp.Probe()
        client.spawn_blocking(60, probe)
        assert probe.wait_started()
        with pytest.raises(sp.ShutdownTimeout, match="`sleeper`") as raised:
            await client.aclose(timeout=0.2)
        probe.release()
        assert "Client.runtime" in raised.value.report

    loops.run(main())
    assert gone("stuck")


def test_a_zero_timeout_forces_at_once():
    client, probe = sp.Client(), sp.Probe()
    client.spawn_never(probe)
    assert probe.wait_started()
    with contextlib.suppress(sp.ShutdownTimeout):  # it was forced, unless it was faster
        client.close(0)
    assert client.closed
    assert probe.wait_dropped()


CALLS = {
    "&self": lambda client: client.get(),
    "&mut self": lambda client: client.work(0, sp.Probe()),
    "getter": lambda client: client.name,
    "PyRef": lambda client: client.by_pyref(),
    "PyRefMut": lambda client: client.by_pyref_mut(),
    "Bound": lambda client: client.by_bound(),
    "Py": lambda client: client.by_py(),
    "own error": lambda client: client.own_error(),
    "slot": lambda client: len(client),
    "__enter__": lambda client: client.__enter__(),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_method_of_a_closed_object(call):
    client = sp.Client()
    call(client)
    client.close()
    with pytest.raises(sp.ShutdownError, match="^`Client` is closed$"):
        call(client)


def test_what_a_closed_object_can_do():
    client = sp.Client("closed")
    client.close()
    assert repr(client) == "<Client closed>"
    assert client.get_anyway() == "closed"
    assert client.answer() == 42
    assert client.closed
    client.anything = [client]
    client.__exit__(None, None, None)


def test_closed_while_another_closes():
    client, probe = sp.Client(), sp.Probe()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    results = []

    def work():
        client.close(60)
        results.append(client.shutdown_report)

    threads = [threading.Thread(target=work) for _ in range(4)]
    [thread.start() for thread in threads]
    wait_until(lambda: client.closed)
    with pytest.raises(sp.ShutdownError, match="is closed"):
        client.get()
    assert not results
    probe.release()
    [thread.join() for thread in threads]
    assert len(results) == 4
    assert len(set(results)) == 1, "one teardown for all"


@pytest.mark.parametrize("method", ["work", "work_quietly"])
@pytest.mark.parametrize("first", [False, True], ids=["used before", "first call"])
def test_close_while_a_method_runs_that_borrows_mutably(method, first):
    client, probe = sp.Client(), sp.Probe()
    if not first:
        client.get()
    outcome = []

    def work():
        try:
            outcome.append(getattr(client, method)(60, probe))
        except BaseException as error:  # for the test to look at
            outcome.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    assert probe.wait_started()
    with pytest.raises(RuntimeError, match="[Bb]orrowed"):
        client.get_anyway()
    before = time.monotonic()
    assert not client.closed
    client.close(60)
    assert time.monotonic() - before < 30
    assert client.closed
    thread.join(10)
    assert not thread.is_alive()
    if method == "work":
        assert isinstance(outcome[0], sp.ShutdownError)
    else:
        assert outcome == [False]


def test_a_method_that_borrows_mutably_and_aclose(loops):
    async def main():
        client, probe = sp.Client(), sp.Probe()
        thread = threading.Thread(target=lambda: client.work_quietly(60, probe))
        thread.start()
        assert probe.wait_started()
        await client.aclose()
        thread.join(10)
        assert not thread.is_alive()

    loops.run(main())


def test_an_order_of_many_kinds():
    ran = []

    async def coroutine():
        ran.append(threading.current_thread().name)
        return "ran"

    with sp.Tool() as tool:
        assert tool.run(coroutine) == "ran"
    assert tool.log() == ["job", "flusher", "pool"]
    report = tool.shutdown_report
    for field in ["stop", "jobs", "flusher", "pool", "scripts", "runtime"]:
        assert f"Tool.{field}" in report
    assert "stopped" in report.splitlines()[0]
    assert ran


def test_names_and_docs():
    assert sp.Tool.__name__ == "Tool"
    assert sp.Tool.__module__ == "sundown_pytest"
    assert "Everything that a class may own" in sp.Tool.__doc__
    assert "Shutdown" not in sp.Tool.__doc__, "the order of private fields is for rustdoc"
    assert sp.Quiet.__doc__ == "Dropping it is its normal end."
    assert "Stops everything" in sp.Tool.close.__doc__
    assert str(inspect.signature(sp.Tool.close)) == "(self, /, timeout=None)"
    assert str(inspect.signature(sp.Tool.aclose)) == "(self, /, timeout=None)"
    assert inspect.iscoroutinefunction(sp.Tool.__aexit__)
    tool = sp.Tool()
    tool.close()
    with pytest.raises(sp.ShutdownError, match="^`Tool` is closed$"):
        tool.run(None)
    assert not hasattr(sp.Connection, "shutdown_report"), "on request only"


def test_checks_go_by_exact_names():
    quiet = sp.Quiet()
    quiet.close()
    with pytest.raises(sp.ShutdownError, match="^`Quiet` is closed$"):
        quiet.close_one()
    with pytest.raises(sp.ShutdownError, match="^`Quiet` is closed$"):
        quiet.checked_answer()
    assert quiet.answer() == 0, "no `Result` by its name"
    assert quiet.outcome() == 0


def test_a_value_that_must_stay_on_its_thread():
    local = sp.Local()
    assert local.call() == 1
    outcome = []

    def work():
        outcome.append(local.closed)
        local.close()
        outcome.append(local.closed)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10)
    assert outcome == [False, True]
    with pytest.raises(sp.ShutdownError, match="is closed"):
        local.call()


@pytest.mark.parametrize("registers", [False, True])
def test_made_in_rust(registers):
    connection, probe = sp.connect(registers), sp.Probe()
    connection.spawn_never(probe)
    assert probe.wait_started()
    with connection:
        pass
    assert probe.wait_dropped()
    assert connection.closed


def test_a_close_of_ones_own():
    with sp.ByHand() as one:
        assert one.closed == "open"
    assert one.said() == ["no reason"], "`with` calls it"
    assert one.closed == "closed"
    with sp.ByHand() as other:
        other.close("because")
    assert other.said() == ["because", "no reason"]


def test_a_subclass_in_python():
    class Sub(sp.Base):
        closes = 0

        def __init__(self, *args, **kwargs):
            self.args = args, kwargs

        def close(self, timeout=None):
            self.closes += 1
            super().close(timeout)

    with Sub(1, two=2) as sub:
        assert sub.args == ((1,), {"two": 2})
        assert sub.base_works()
    assert sub.closes == 1
    assert sub.closed
    with pytest.raises(sp.ShutdownError, match="^`Base` is closed$"):
        sub.base_works()


def test_a_class_that_extends_another():
    with sp.Derived() as derived:
        assert derived.base_works()
        assert derived.derived_works()
    assert gone("base")
    assert gone("derived")
    with pytest.raises(sp.ShutdownError, match="^`Base` is closed$"):
        derived.base_works()
    with pytest.raises(sp.ShutdownError, match="^`Derived` is closed$"):
        derived.derived_works()

    async def main():
        async with sp.Derived():
            pass

    asyncio.run(main())
    assert gone("base")


@pytest.mark.skipif(not hasattr(sp, "Cache"), reason="PyO3 extends CPython's own classes with the version-specific API only")
def test_a_class_that_extends_one_of_pythons():
    class Sub(sp.Cache):
        pass

    for kind in (sp.Cache, Sub):
        with kind() as cache:
            cache["key"] = "value"
            assert cache.works()
        assert cache == {"key": "value"}
        assert cache.closed


def test_where_the_expansion_has_nothing_to_lean_on():
    with sp.Hostile() as hostile:
        assert hostile.use()
        with pytest.raises(KeyError):
            hostile.error()
    assert "Hostile.type" in hostile.shutdown_report
    with pytest.raises(sp.ShutdownError, match="^`Hostile` is closed$"):
        hostile.error()


def test_many_in_many_threads():
    def work(number):
        for turn in range(20):
            client = sp.Client("many")
            if (number + turn) % 3 == 0:
                client.close()
            elif (number + turn) % 3 == 1:
                with client:
                    client.get()
            else:
                asyncio.run(aclose(client))

    async def aclose(client):
        async with client:
            client.get()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    [thread.start() for thread in threads]
    [thread.join(60) for thread in threads]
    assert not any(thread.is_alive() for thread in threads)
    assert gone("many")


def test_what_the_check_costs():
    with sp.Client("") as client:
        client.get()
        # So few calls each time that some of them are not interrupted by what else the machine does.
        checked, unchecked = map(min, zip(*(sp.check_costs(client, 1_000) for _ in range(500))))
    # Of a debug build; `cargo xtask bench python` has the figures.
    assert checked - unchecked < 1000
