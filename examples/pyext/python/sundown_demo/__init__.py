"""Three classes that clean up after themselves: with `with`, with `close()`, and without."""

from ._native import (
    Client,
    ForkedProcessError,
    RuntimePanic,
    ScriptedTool,
    Server,
    ShutdownError,
    ShutdownTimeout,
)

__all__ = [
    "Client",
    "ForkedProcessError",
    "RuntimePanic",
    "ScriptedTool",
    "Server",
    "ShutdownError",
    "ShutdownTimeout",
]
