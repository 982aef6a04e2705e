"""Three classes that clean up after themselves, and `sweep` for what is left on a loop."""

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
    sweep,
    sweep_at_exit,
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
    "sweep",
    "sweep_at_exit",
]
