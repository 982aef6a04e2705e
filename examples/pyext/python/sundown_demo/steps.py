"""The steps of a `Runner`'s workflows."""

from typing import Any, Dict

Step = Dict[str, Any]
"""What is kept in the runner's database, as JSON."""


def import_rows(rows: int) -> Step:
    """Writes this many rows in one transaction. Asked to stop, it is rolled back and queued again."""
    return {"kind": "import", "rows": rows}


def count_lines(file: str) -> Step:
    """Counts the lines of a file, on a thread that may block."""
    return {"kind": "count", "file": file}


def wait(seconds: float) -> Step:
    """Waits, as for a slow remote call. Asked to stop, it is queued again."""
    return {"kind": "wait", "ms": round(seconds * 1000)}


def stuck() -> Step:
    """Never ends, and does not listen."""
    return {"kind": "stuck"}


def panic(message: str) -> Step:
    """A bug in Rust."""
    return {"kind": "panic", "message": message}
