"""What every test has: a watchdog, a server to talk to, and what this process holds."""

import collections
import contextlib
import faulthandler
import os
import shutil
import socket
import subprocess
import sys
import threading

import pytest
import sundown_demo

# Seconds. A test that hangs ends the run with the stacks of all threads.
WATCHDOG = 300

REDIS = next(filter(None, map(shutil.which, ["valkey-server", "redis-server"])), None)


def pytest_report_header(config):
    return f"sundown_demo: {sundown_demo.__file__}, {REDIS or 'WITHOUT redis-server and valkey-server'}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item):
    faulthandler.dump_traceback_later(WATCHDOG, exit=True, file=sys.__stderr__)
    try:
        return (yield)
    finally:
        faulthandler.cancel_dump_traceback_later()


@contextlib.contextmanager
def redis():
    """A real one, on a port of its own, that keeps nothing."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    with subprocess.Popen([REDIS, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            started = any("ready to accept connections" in line.lower() for line in process.stdout)
            assert started, f"{REDIS} has ended"
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()
            process.stdout.read()


no_redis = pytest.mark.skipif(REDIS is None, reason="there is no redis-server and no valkey-server")


@pytest.fixture(scope="session", params=["ours", pytest.param("redis", marks=no_redis)])
def address(request):
    """Of a server: our own, and a real one where there is one."""
    if request.param == "redis":
        with redis() as address:
            yield address
    else:
        with sundown_demo.Server() as server:
            yield server.address


def os_threads():
    """The names of all threads of this process, Rust's too, and how many have each."""
    names = []
    for task in os.listdir("/proc/self/task"):
        with contextlib.suppress(OSError), open(f"/proc/self/task/{task}/comm", encoding="utf-8") as comm:
            names.append(comm.read().rstrip("\n"))
    return collections.Counter(names)


def descriptors():
    """The open descriptors of this process, with what they are."""
    found = {}
    for name in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):
            found[int(name)] = os.readlink(f"/proc/self/fd/{name}")
    return found


def wait_until(condition, seconds=30):
    """For what ends on another thread without an event that a test could wait for, such as that thread itself."""
    pause = threading.Event()
    for _ in range(int(seconds / 0.02)):
        if condition():
            return
        pause.wait(0.02)
