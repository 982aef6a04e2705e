"""A loop as Windows' is: asyncio's own `BaseProactorEventLoop`, on a proactor made of a selector instead of a completion port."""

import selectors
from asyncio.proactor_events import BaseProactorEventLoop
from collections import deque


class Proactor:
    """As much of `asyncio.windows_events.IocpProactor` as a loop needs that receives from sockets. An operation begins when it is
    asked for, and ends by its future; at the end those that are under way are cancelled."""

    def __init__(self):
        self.loop = None
        self.selector = selectors.DefaultSelector()
        self.operations = {}

    def set_loop(self, loop):
        self.loop = loop

    def recv(self, sock, nbytes, flags=0):
        assert sock.gettimeout() == 0, "a socket that blocks"
        number = sock.fileno()
        operations = self.operations.get(number)
        if operations and operations[0][1] is not sock:
            # That one was closed.
            for future, _, _ in self.operations.pop(number):
                if not future.done():
                    future.set_exception(ConnectionResetError())
            self.selector.unregister(number)
        if number not in self.operations:
            self.operations[number] = deque()
            self.selector.register(sock, selectors.EVENT_READ)
        future = self.loop.create_future()
        self.operations[number].append((future, sock, nbytes))
        return future

    def select(self, timeout=None):
        for key, _ in self.selector.select(timeout):
            self.complete(key.fd)
        return []

    def complete(self, number):
        operations = self.operations[number]
        while operations:
            future, sock, nbytes = operations.popleft()
            if not future.done():
                try:
                    future.set_result(sock.recv(nbytes))
                except OSError as error:
                    future.set_exception(error)
                break
        if not operations:
            del self.operations[number]
            self.selector.unregister(number)

    def close(self):
        for operations in self.operations.values():
            for future, _, _ in operations:
                future.cancel()
        self.operations.clear()
        self.selector.close()


class ProactorLoop(BaseProactorEventLoop):
    def __init__(self):
        super().__init__(Proactor())

    def run_forever(self):
        # As `asyncio.windows_events.ProactorEventLoop` does.
        self.call_soon(self._loop_self_reading)
        try:
            super().run_forever()
        finally:
            if self._self_reading_future is not None:
                self._self_reading_future.cancel()
                self._self_reading_future = None

