"""Three classes that clean up after themselves, `sweep` for what is left on a loop, and `audit` for what is still alive."""

from ._native import (
    Audit,
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
    audit,
    sweep,
    sweep_at_exit,
)

__all__ = [
    "Audit",
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
    "audit",
    "sweep",
    "sweep_at_exit",
]
