"""Three classes that clean up after themselves: with `with`, with `close()`, and without."""

from ._native import (
    Client,
    ForkedProcessError,
    NeedsAsyncioError,
    Runner,
    RuntimePanic,
    ScriptedTool,
    Server,
    ShutdownError,
    ShutdownTimeout,
    WorkflowError,
)

__all__ = [
    "Client",
    "ForkedProcessError",
    "NeedsAsyncioError",
    "Runner",
    "RuntimePanic",
    "ScriptedTool",
    "Server",
    "ShutdownError",
    "ShutdownTimeout",
    "WorkflowError",
]
