"""Rust errors as exceptions: by `?` and by `or_raise`."""

import pytest
import sundown_pytest as sp

SERVICES = [sp.shut_down_service, sp.shut_down_service_blocking]


@pytest.mark.parametrize("shut_down", SERVICES)
def test_a_clean_shutdown_is_a_report(shut_down):
    assert "stopped" in shut_down(False)


@pytest.mark.parametrize("shut_down", [*SERVICES, sp.run_service, sp.raise_report])
def test_a_task_that_is_deaf_is_a_timeout_with_a_report(shut_down):
    with pytest.raises(sp.ShutdownTimeout, match="Service") as raised:
        shut_down(True)
    assert "deaf" in raised.value.report
    assert isinstance(raised.value, TimeoutError)
    assert isinstance(raised.value, sp.ShutdownError)


def test_what_is_clean_raises_nothing():
    assert sp.run_service(False) == "served"
    assert sp.raise_report(False) is None


def test_an_answer_of_a_thread():
    assert sp.call_thread(False) == 7


def test_a_thread_that_panics_is_a_runtime_panic():
    with pytest.raises(sp.RuntimePanic, match="a thread that panics"):
        sp.call_thread(True)


class OwnError(Exception):
    """An exception that only its module knows."""


def test_what_a_with_raised_is_the_cause(loops):
    error = OwnError("no good-bye")

    def refuse(_):
        raise error

    async def main():
        polite = sp.Polite(refuse)
        with pytest.raises(sp.ShutdownError) as caught:
            await polite.aclose()
        assert not isinstance(caught.value, sp.ShutdownTimeout)
        assert caught.value.__cause__ is error
        assert error.__traceback__ is not None
        assert caught.value.report.endswith("OwnError: no good-bye")

    loops.run(main())
    polite = sp.Polite(refuse, True)
    with pytest.raises(sp.ShutdownError, match="OwnError: no good-bye") as caught:
        polite.close()
    assert caught.value.__cause__ is error


def test_an_exception_in_a_report_is_read_without_attaching():
    assert sp.display_of_a_failure(OwnError("text")) == [
        "failed: OwnError: text",
        'Failure("OwnError: text")',
        "OwnError: text",
    ]
