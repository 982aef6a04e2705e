"""Three classes that clean up after themselves: with `with`, with `close()`, and without."""

from ._native import (
    Client,
    Clock,
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
    "Clock",
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
