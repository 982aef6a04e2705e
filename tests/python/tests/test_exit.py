"""The interpreter's exit, in processes of their own: clean, in time, and with what works today still working."""

import signal
import sys
import textwrap
import time

import pytest


def test_import_and_exit(script):
    assert script("print('bye')") == "bye\n"


def test_use_and_exit(script):
    out = script(
        """
        async def main():
            return await asyncio.gather(*(sp.sleep(0.001, i) for i in range(100)))
        print(sum(asyncio.run(main())))
        """
    )
    assert out == "4950\n"


def test_a_thousand_futures_in_flight(script):
    script(
        """
        async def main():
            for i in range(500):
                sp.sleep(0.01 * (i % 5))
                sp.sleep(60)
            await sp.ready(None)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """
    )


def test_a_non_daemon_thread_that_awaits_after_the_main_thread_ended(script):
    out = script(
        """
        ended = threading.Event()
        # Called when the main thread has ended and others are to be joined.
        threading._register_atexit(ended.set)
        async def main():
            print(await sp.sleep(0.05, "slept"))
            print(sum(await asyncio.gather(*(sp.ready(1) for _ in range(100)))))
            async def python(): return "python"
            print(await sp.relay(python()))
            print(sp.stats()["refused_spawns"])
        def work():
            ended.wait()
            asyncio.run(main())
        threading.Thread(target=work).start()
        """
    )
    assert out == "slept\n100\npython\n0\n"


def test_an_executor_thread_that_waits_for_us(script):
    """`concurrent.futures` joins its threads when the main thread has ended: what they wait for must still come."""
    out = script(
        """
        from concurrent.futures import ThreadPoolExecutor
        pool = ThreadPoolExecutor()
        began = threading.Event()
        def work():
            async def main():
                began.set()
                return await sp.sleep(0.3, "worked")
            print(asyncio.run(main()), flush=True)
        pool.submit(work)
        began.wait()
        """
    )
    assert out == "worked\n"


def test_sys_exit_in_a_callback(script):
    script(
        """
        async def main():
            for _ in range(100):
                sp.sleep(0.05)
            future = sp.sleep(0.01)
            future.add_done_callback(lambda _: sys.exit(7))
            await sp.sleep(60)
        asyncio.run(main())
        """,
        status=7,
    )


def test_sys_exit_in_a_callable_called_by_rust(script):
    script(
        """
        async def main():
            await sp.call(lambda _: sys.exit(8), None)
        asyncio.run(main())
        """,
        status=8,
    )


def test_an_unhandled_exception(script):
    script(
        """
        async def main():
            for _ in range(100):
                sp.sleep(0.01)
            await sp.ready(None)
            raise LookupError("unhandled")
        asyncio.run(main())
        """,
        status=1,
        noise="LookupError: unhandled",
    )


def test_os_exit(script):
    script(
        """
        async def main():
            for _ in range(100):
                sp.sleep(0.001)
            await sp.ready(None)
            os._exit(9)
        asyncio.run(main())
        """,
        status=9,
    )


@pytest.mark.parametrize("signal_name", ["SIGTERM", "SIGINT"])
def test_a_signal_with_its_default(script, signal_name):
    import signal

    number = getattr(signal, signal_name)
    script(
        f"""
        signal.signal(signal.{signal_name}, signal.SIG_DFL)
        async def main():
            futures = [sp.sleep(0.01) for _ in range(100)]
            await sp.ready(None)
            os.kill(os.getpid(), signal.{signal_name})
            await asyncio.sleep(60)
        asyncio.run(main())
        """,
        status=-number,
    )


def test_a_signal_with_a_handler_that_exits(script):
    script(
        """
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
        async def main():
            futures = [sp.sleep(30) for _ in range(500)]
            await sp.ready(None)
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.gather(*futures)
        asyncio.run(main())
        """,
        status=5,
    )


def test_ctrl_c_during_asyncio_run(script):
    script(
        """
        async def main():
            futures = [sp.sleep(30) for _ in range(500)]
            await sp.ready(None)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.gather(*futures)
        try:
            asyncio.run(main())
        except KeyboardInterrupt:
            sys.exit(6)
        """,
        status=6,
    )


def test_daemon_threads_with_loops(script):
    script(
        """
        ready = threading.Barrier(5)
        def work():
            async def main():
                ready.wait()
                while True:
                    await asyncio.gather(*(sp.sleep(0.001) for _ in range(20)))
            asyncio.run(main())
        for _ in range(4):
            threading.Thread(target=work, daemon=True).start()
        ready.wait()
        time.sleep(0.05)
        """
    )


def test_daemon_threads_that_call_back(script):
    script(
        """
        ready = threading.Barrier(3)
        def work():
            async def main():
                ready.wait()
                while True:
                    await sp.call_many(lambda x: x, 1_000, 100)
            asyncio.run(main())
        for _ in range(2):
            threading.Thread(target=work, daemon=True).start()
        ready.wait()
        time.sleep(0.05)
        """
    )


def test_a_callback_that_is_stuck(script):
    script(
        """
        stuck = threading.Event()
        def sleep_on(_):
            stuck.set()
            time.sleep(60)
        async def main():
            future = sp.call_on_thread(sleep_on, None)
            await asyncio.get_running_loop().run_in_executor(None, stuck.wait)
        asyncio.run(main())
        """
    )


def test_user_futures_that_attach(script):
    script(
        """
        async def main():
            called = []
            futures = [sp.attach_for_ever(lambda: called.append(1)) for _ in range(8)]
            while len(called) < 100:
                await asyncio.sleep(0.001)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """
    )


def test_blocking_work_is_waited_for_within_the_budget(script):
    out = script(
        """
        probe = sp.Probe()
        async def main():
            sp.blocking(0.5, probe)
            await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        atexit.register(lambda: print("began", time.monotonic() > 0))
        asyncio.run(main())
        """
    )
    assert out == "began True\n"


def test_the_budget_bounds_the_exit(script):
    import time

    before = time.monotonic()
    script(
        """
        sp.set_exit_timeout(0.5)
        probe = sp.Probe()
        async def main():
            sp.blocking(40, probe)
            await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        asyncio.run(main())
        """
    )
    assert time.monotonic() - before < 20


def test_the_budget_by_the_environment(script):
    import time

    before = time.monotonic()
    script(
        """
        probe = sp.Probe()
        async def main():
            sp.blocking(40, probe)
            await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        asyncio.run(main())
        """,
        env={"SUNDOWN_EXIT_TIMEOUT": "0.5"},
    )
    assert time.monotonic() - before < 20


def test_an_empty_timeout_is_unset(script):
    assert script("asyncio.run(asyncio.sleep(0)); sp.block_on_sleep(0)", env={"SUNDOWN_EXIT_TIMEOUT": ""}) == ""


def test_a_timeout_of_more_years_than_there_are(script):
    """A second thread that ends the interpreter waits for so long: until the first one has ended the process."""
    out = script(
        """
        probe, returned = sp.Probe(), threading.Event()

        def second():
            probe.wait_dropped()  # Stage two has begun.
            atexit._run_exitfuncs()
            returned.set()

        async def main():
            sp.never(probe)
            await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)

        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        threading.Thread(target=second, daemon=True).start()
        """,
        prelude="""
import asyncio, atexit, threading
atexit.register(lambda: print("returned:", returned.wait(1)))
import sundown_pytest as sp
""",
        env={"SUNDOWN_EXIT_TIMEOUT": "1e19"},
    )
    assert out == "returned: False\n"


def test_the_report_on_request(script):
    script(
        """
        async def main():
            await sp.sleep(0.001)
        asyncio.run(main())
        """,
        env={"SUNDOWN_EXIT_REPORT": "1"},
        noise="sundown",
    )


def test_a_call_that_does_not_return_is_named(script):
    script(
        """
        called = threading.Event()
        def sleeps():
            called.set()
            time.sleep(60)
        async def main():
            sp.attach_for_ever(sleeps)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        called.wait()
        """,
        env={"SUNDOWN_EXIT_TIMEOUT": "0.5", "SUNDOWN_EXIT_REPORT": "1"},
        noise="is in `sleeps` (",
    )


def test_what_catches_every_exception_is_parked(script):
    script(
        """
        called = threading.Event()
        def stubborn():
            while True:
                called.set()
                try:
                    while True:
                        sum(range(100))
                except BaseException:
                    pass
        async def main():
            sp.attach_for_ever(stubborn)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        called.wait()
        """,
        env={"SUNDOWN_EXIT_TIMEOUT": "0.5", "SUNDOWN_EXIT_REPORT": "1"},
        noise="were parked for good",
    )


def test_a_block_on_in_another_thread(script):
    out = script(
        """
        probe = sp.Probe()
        def work():
            try:
                sp.block_on_never(probe)
            except sp.ShutdownError as error:
                os.write(1, b"refused\\n")
        threading.Thread(target=work, daemon=True).start()
        assert probe.wait_started()
        """
    )
    assert out in ("refused\n", "")


def test_exit_from_another_threads_asyncio_run(script):
    script(
        """
        def work():
            async def main():
                await asyncio.gather(*(sp.sleep(0.001) for _ in range(100)))
                sys.exit(4)
            try:
                asyncio.run(main())
            except SystemExit:
                os.write(1, b"left\\n")
        thread = threading.Thread(target=work)
        thread.start()
        """
    )


def test_a_value_in_a_module_global_a_cycle_and_a_thread_local(script):
    script(
        """
        import builtins
        async def main():
            builtins.kept = sp.sleep(60)
            cycle = [sp.sleep(60)]
            cycle.append(cycle)
            sys.leftover = cycle
            local = threading.local()
            local.value = sp.sleep(60)
            sys.local = local
            await sp.ready(None)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """
    )


def test_a_del_that_spawns_at_finalization(script):
    script(
        """
        class Late:
            def __del__(self, sp=sp, asyncio=asyncio):
                async def main():
                    try:
                        await sp.sleep(0.01)
                    except RuntimeError:
                        pass
                try:
                    asyncio.run(main())
                except Exception:
                    pass
        sys.late = Late()
        async def main():
            await sp.ready(None)
        asyncio.run(main())
        """,
        limit=40,
    )


def test_two_modules_that_both_use_sundown(script, twin):
    out = script(
        f"""
        sys.path.insert(0, {str(twin)!r})
        import sundown_pytest_twin as twin
        assert twin.ShutdownError is not sp.ShutdownError, "two libraries, two sets of statics"
        assert twin.__file__ != sp.__file__
        async def main():
            print(await sp.sleep(0.01, 1) + await twin.sleep(0.01, 2))
            async def python(): return 3
            print(await twin.relay(sp.relay(python())))
            for _ in range(100):
                sp.sleep(60)
                twin.sleep(60)
            await sp.ready(None)
        loop = asyncio.new_event_loop()
        loop.run_until_complete(main())
        """
    )
    assert out == "3\n3\n"


def test_two_modules_share_the_budget(script, twin):
    import time

    before = time.monotonic()
    script(
        f"""
        sys.path.insert(0, {str(twin)!r})
        import sundown_pytest_twin as twin
        sp.set_exit_timeout(2)
        twin.set_exit_timeout(2)
        probes = [sp.Probe(), twin.Probe()]
        async def main():
            sp.blocking(40, probes[0])
            twin.blocking(40, probes[1])
            for probe in probes:
                await asyncio.get_running_loop().run_in_executor(None, probe.wait_started)
        asyncio.run(main())
        """
    )
    assert time.monotonic() - before < 30


def test_a_daemon_thread_that_begins_during_the_exit_is_quiet(script):
    """No other thread runs Python when stage two begins, and its refusal is no news."""
    out = script(
        """
        def late():
            thread = threading.Thread(target=sp.EventLoop, daemon=True)
            try:
                thread.start()
            except RuntimeError:
                print("begins none")  # from 3.12 on at times
                return
            thread.join(30)
            print("refused", thread.is_alive())
        probe = sp.Probe()
        sp.call_when_dropped(late, probe)
        assert probe.wait_started()
        """
    )
    assert out in ("refused False\n", "begins none\n" if sys.version_info >= (3, 12) else "")


class TestCtrlC:
    """A signal while the exit waits for a task that would block it for a minute."""

    STUCK = """
    probe = sp.Probe()
    client = sp.Client()
    client.spawn_blocking(60, probe)
    assert probe.wait_started()
    def tell():
        while not client.closed:
            time.sleep(0.001)
        os.write(1, b"closing\\n")
    threading.Thread(target=tell, daemon=True).start()
    """
    ENV = {"SUNDOWN_EXIT_TIMEOUT": "50", "SUNDOWN_EXIT_REPORT": "0"}

    @pytest.fixture
    def interrupted(self, start):
        """Runs code that ends with something stuck, and sends the signals once the exit waits for it."""

        def run(code="", *, times=1, number=signal.SIGINT, stuck=self.STUCK, env=self.ENV, **options):
            process = start(textwrap.dedent(stuck) + textwrap.dedent(code), env=env, **options)
            assert process.line() == "closing"
            before = time.monotonic()
            for _ in range(times):
                process.process.send_signal(number)
                time.sleep(0.01)
            ended = process.wait()
            assert time.monotonic() - before < 25, "it was forced"
            return ended

        return run

    def test_forces_at_once_and_prints_nothing(self, interrupted):
        ended = interrupted()
        assert (ended.returncode, ended.out, ended.err) == (0, "", ""), ended

    def test_more_than_one(self, interrupted):
        ended = interrupted(times=5)
        # CPython gives signals back to the system near its end: one that comes then kills the process.
        assert ended.returncode in (0, -signal.SIGINT), ended
        assert (ended.out, ended.err) == ("", ""), ended

    def test_the_bridge_is_closed_all_the_same(self, interrupted):
        """Python code that runs next would meet the signal: the end of the bridge is none."""
        ended = interrupted(
            """
            async def main():
                await sp.ready(None)
            asyncio.run(main())
            """
        )
        assert (ended.returncode, ended.out, ended.err) == (0, "", ""), ended

    def test_what_comes_after_it_is_not_interrupted(self, interrupted):
        prelude = "import atexit\natexit.register(lambda: print('after'))\n"
        ended = interrupted(prelude=prelude + "import asyncio, os, signal, sys, threading, time\nimport sundown_pytest as sp\n")
        assert (ended.returncode, ended.out, ended.err) == (0, "after\n", ""), ended

    def test_what_has_ended_is_reported_as_ended(self, interrupted):
        code = self.STUCK.replace("while not client.closed", "while other.shutdown_report is None")
        ended = interrupted(stuck=f"    other = sp.Client()\n{code}", env={**self.ENV, "SUNDOWN_EXIT_REPORT": "1"})
        assert ended.returncode == 0, ended
        assert "what was left was forced at once" in ended.err, ended
        clients = [line for line in ended.err.splitlines() if line.startswith("|- Client (")]
        assert len(clients) == 2, ended
        assert sum("stopped" in line for line in clients) == 1, ended

    def test_other_modules_are_hurried_too(self, interrupted, twin):
        ended = interrupted(
            f"""
            sys.path.insert(0, {str(twin)!r})
            import sundown_pytest_twin as twin
            other = twin.Probe()
            kept = twin.Client()
            kept.spawn_blocking(60, other)
            assert other.wait_started()
            """
        )
        assert (ended.returncode, ended.out, ended.err) == (0, "", ""), ended

    def test_a_handler_that_does_not_raise_hurries_nothing(self, interrupted):
        ended = interrupted(
            """
            signal.signal(signal.SIGINT, lambda *_: (os.write(1, b"handled\\n"), probe.release()))
            """
        )
        assert (ended.returncode, ended.out, ended.err) == (0, "handled\n", ""), ended

    def test_another_exception_is_not_lost(self, interrupted):
        ended = interrupted(
            """
            def handler(*_):
                raise LookupError("by a handler")
            signal.signal(signal.SIGTERM, handler)
            """,
            number=signal.SIGTERM,
        )
        assert ended.returncode == 0, ended
        assert "LookupError: by a handler" in ended.err, ended

    def test_in_python_code_on_a_worker(self, interrupted):
        """It is sent its exception at once, and not when the budget is nearly over."""
        ended = interrupted(
            stuck="""
            client, running = sp.Client(), threading.Event()
            def busy():
                running.set()
                while True:
                    sum(range(100))
            async def main():
                sp.attach_for_ever(busy)
            loop = asyncio.new_event_loop()
            loop.run_until_complete(main())
            running.wait()
            def tell():
                while not client.closed:
                    time.sleep(0.001)
                os.write(1, b"closing\\n")
            threading.Thread(target=tell, daemon=True).start()
            """
        )
        assert (ended.returncode, ended.out, ended.err) == (0, "", ""), ended
