"""Of the sweep: subprocesses, and the threads that wait for them.

A loop has no list of its subprocesses: asyncio's watchers have them, of which there are seven kinds between CPython 3.9 and
3.15, and uvloop. What all have in common is that the transport of a process that runs is alive, also if nobody has kept the
`Process`.
"""

import asyncio
import gc
import os
import signal
import sys
import threading
from asyncio.base_subprocess import BaseSubprocessTransport
from time import monotonic


class Subprocesses(Layer):
    name = "subprocesses"

    def __init__(self, sweep):
        super().__init__(sweep)
        #: Transports. Those of CPython can be hashed by their identity.
        self.given_up = []

    def left(self):
        """The transports of the loop whose process runs, or that are still open."""
        found = []
        for transport in transports(self.loop):
            runs = transport.get_pid() is not None and transport.get_returncode() is None
            if (runs or not transport.is_closing()) and not is_among(transport, self.given_up):
                found.append(transport)
        return found

    async def end(self, until):
        for_kill = self.sweep.short(most=1.0)
        while True:
            transports = self.left()
            if not transports:
                return
            children = [Child(transport, self.loop) for transport in transports]
            running = [child for child in children if child.is_running()]
            for child in running:
                child.request()
            late = await self.wait(running, until - for_kill)
            for child in late:
                child.force()
            stuck = await self.wait(late, monotonic() + for_kill, confirms=True)
            for child in children:
                if child in stuck and not child.is_dead():
                    self.given_up.append(child.transport)
                    self.add(child.name, "abandoned", child.problem or "it does not end", detail=child.program)
                elif child in late:
                    self.add(child.name, "forced", detail=child.ended(), ended=child.time)
                elif child in running:
                    self.add(child.name, "stopped", detail=child.ended(), ended=child.time)
            for child in children:
                child.transport.close()
            closed = [child for child in children if not is_among(child.transport, self.given_up)]
            await self.wait_for_pipes(closed)
            for child in children:
                child.drop_input()
            await self.wait_for_pipes(closed)
            self.given_up.extend(child.transport for child in closed if not child.lost.done())

    async def wait(self, children, until, confirms=False):
        """Those that have not exited by then."""
        for child in children:
            await self.sweep.within(child.exited, until, confirms)
        return [child for child in children if not child.exited.done()]

    async def wait_for_pipes(self, children):
        """They are closed by callbacks. All have the same time, because they are closed at the same time."""
        until = monotonic() + self.sweep.short()
        for child in children:
            await self.sweep.within(child.lost, until, confirms=True)


class Child(asyncio.SubprocessProtocol):
    """A process, and the protocol of its transport from now on: its output is read and thrown away, so that no full pipe keeps
    it from ending."""

    def __init__(self, transport, loop):
        self.transport = transport
        self.pid = transport.get_pid()
        self.name = str(self.pid)
        self.program = program(transport)
        self.problem = None
        #: When it has ended.
        self.time = None
        self.exited = loop.create_future()
        #: The transport and its pipes are closed.
        self.lost = loop.create_future()
        self.before = transport.get_protocol()
        if self.before is not None:
            transport.set_protocol(self)
        else:
            self.lost.set_result(None)
        if not self.is_running():
            set_done(self.exited)
        for descriptor in (1, 2):
            pipe = transport.get_pipe_transport(descriptor)
            if pipe is not None and not pipe.is_closing():
                pipe.resume_reading()

    def is_running(self):
        return self.transport.get_returncode() is None

    def is_dead(self):
        """Also if nobody has told the loop, as a watcher that works on another one."""
        try:
            return not self.is_running() or state(self.pid) is not None
        except ProcessLookupError:
            return True

    def request(self):
        self.signal("SIGTERM", self.transport.terminate)

    def force(self):
        self.signal("SIGKILL", self.transport.kill)

    def signal(self, name, send):
        """Not by the transport where there are signals: up to 3.12 that looks for the status first, and takes it from the watcher."""
        try:
            if not hasattr(signal, "SIGKILL"):
                send()
            elif state(self.pid) is None:
                os.kill(self.pid, getattr(signal, name))
        except ProcessLookupError:
            pass
        except OSError as error:
            self.problem = f"it takes no {name}: {error}"

    def drop_input(self):
        """What was written to it and nobody reads, because another process has the other end of the pipe. uvloop would wait for
        that when it is closed."""
        pipe = self.transport.get_pipe_transport(0)
        if pipe is not None and pipe.get_write_buffer_size() > 0:
            pipe.abort()

    def ended(self):
        code = self.transport.get_returncode()
        if code is None:
            return f"{self.program}: nobody has taken its status"
        if code >= 0:
            return f"{self.program}: exit status {code}"
        try:
            return f"{self.program}: {signal.Signals(-code).name}"
        except ValueError:
            return f"{self.program}: signal {-code}"

    # The protocol.

    def connection_made(self, transport):
        self.before.connection_made(transport)

    def pipe_data_received(self, _descriptor, _data):
        pass

    def pipe_connection_lost(self, descriptor, error):
        self.before.pipe_connection_lost(descriptor, error)

    def process_exited(self):
        self.time = monotonic()
        set_done(self.exited)
        self.before.process_exited()

    def connection_lost(self, error):
        set_done(self.lost)
        self.before.connection_lost(error)

    def pause_writing(self):
        self.before.pause_writing()

    def resume_writing(self):
        self.before.resume_writing()


class Watchers(Layer):
    """The threads of asyncio that wait for a process each, up to 3.11 and where there are no pidfds. When they have told the loop
    they have nothing left to do but to end. A loop that is closed earlier makes them print that it is."""

    name = "watchers"

    def __init__(self, sweep):
        super().__init__(sweep)
        self.given_up = set()

    def left(self):
        return [thread for thread, _ in watchers(self.loop) if thread not in self.given_up]

    async def end(self, until):
        for thread, pid in watchers(self.loop):
            if thread in self.given_up:
                continue
            try:
                runs = state(pid) is None
            except ProcessLookupError:
                runs = False
            if runs:
                self.given_up.add(thread)
                self.add(thread.name, "abandoned", f"it waits for process {pid}")
                continue
            thread.join(max(0.0, until - monotonic()))
            if thread.is_alive():
                self.given_up.add(thread)
                self.add(thread.name, "abandoned", f"process {pid} has ended, and it has not")


def watchers(loop):
    """The threads that wait for processes of `loop`, with the ids of these."""
    found = []
    for thread in threading.enumerate():
        if getattr(getattr(thread, "_target", None), "__name__", None) == "_do_waitpid":
            arguments = getattr(thread, "_args", ())  # gone when it ends
            if len(arguments) > 1 and arguments[0] is loop:
                found.append((thread, arguments[1]))
    return found


def transports(loop):
    """The transports of the subprocesses of `loop`."""
    kinds = set()
    stack = [BaseSubprocessTransport]
    while stack:
        kind = stack.pop()
        kinds.add(kind)
        stack.extend(type.__subclasses__(kind))
    of_uvloop = getattr(sys.modules.get("uvloop.loop"), "UVProcessTransport", None)
    kinds.add(of_uvloop)
    # No look at `__class__`, which may be anything.
    found = [thing for thing in gc.get_objects() if type(thing) in kinds]
    return [thing for thing in found if loop_of(thing, loop) is loop]


def loop_of(transport, loop):
    if isinstance(transport, BaseSubprocessTransport):
        return getattr(transport, "_loop", None)
    return loop if any(thing is loop for thing in gc.get_referents(transport)) else None


def state(pid):
    """What is known of the end of a child whose status nobody has taken; None while it runs. An id whose status was taken may be
    another's by now: then this raises `ProcessLookupError`."""
    if not hasattr(os, "waitid"):
        return None
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        raise ProcessLookupError(pid) from None


def program(transport):
    """Without its arguments, which may be secrets."""
    arguments = getattr(getattr(transport, "_proc", None), "args", None)
    if isinstance(arguments, (list, tuple)) and arguments:
        arguments = arguments[0]
    elif isinstance(arguments, (str, bytes)):
        arguments = arguments.split()[0] if arguments.split() else arguments
    if isinstance(arguments, bytes):
        arguments = os.fsdecode(arguments)
    return f"`{os.path.basename(arguments)}`" if isinstance(arguments, str) else "a process"
