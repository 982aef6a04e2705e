# Completes the type stubs (`.pyi`) of an extension module: what its author cannot write from the Rust source, because it is
# generated. What the file says already stays as it is.

import ast

METHODS = {
    "close": ["def close(self, timeout: float | None = None) -> None: ..."],
    "aclose": ["def aclose(self, timeout: float | None = None) -> _Future[None]: ..."],
    "closed": ["@property", "def closed(self) -> bool: ..."],
    "shutdown_report": ["@property", "def shutdown_report(self) -> str | None: ..."],
    "__enter__": ["def __enter__(self) -> _Self: ..."],
    "__exit__": ["def __exit__(self, *_: object) -> None: ..."],
    "__aenter__": ["async def __aenter__(self) -> _Self: ..."],
    "__aexit__": ["async def __aexit__(self, *_: object) -> None: ..."],
}

# Type checkers know `typing_extensions` in a `.pyi`, installed or not; `typing.Self` needs Python 3.11.
IMPORTS = {
    "_Any": "from typing import Any as _Any",
    "_Future": "from asyncio import Future as _Future",
    "_Self": "from typing_extensions import Self as _Self",
}

# Classes of Python's that PyO3 can extend, and that are generic in stubs.
GENERIC = {name: f"{name}[_Any]" for name in ("list", "set", "frozenset")} | {"dict": "dict[_Any, _Any]"}

NO_STUBS = "# The methods that Rust gives these classes belong here too.\n"


def stubs(module, exceptions, path=None, check=False):
    """Completes the stubs in the file `path`: the methods that `#[pyclass_teardown]` generates, and the exceptions.

    Without a path they are printed. With `check`, a file that lacks something ends the program with an error instead.
    """
    if path is None:
        print(complete("", module, exceptions), end="")
        return
    try:
        with open(path, encoding="utf-8") as file:
            before = file.read()
    except FileNotFoundError:
        before = ""
    after = complete(before, module, exceptions)
    if after == before:
        return
    if check:
        raise SystemExit(f"{path} lacks what sundown generates: call `{module.__name__}._sundown_stubs({path!r})`")
    with open(path, "w", encoding="utf-8") as file:
        file.write(after)


def complete(text, module, exceptions):
    """The text of a `.pyi`, with what it lacked."""
    classes = annotated(module)
    written = {node.name: node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)}
    lines = text.splitlines()
    # From the last to the first, so that the numbers of the lines above stay right.
    for node in sorted(written.values(), key=lambda node: -node.lineno):
        if node.name in classes:
            names = names_of(node, written)
            missing = [name for name in generated(classes[node.name]) if name not in names]
            if missing:
                insert(lines, node, missing)
    new = [kind for name, kind in classes.items() if name not in written]
    if new and not text:
        lines += [NO_STUBS.rstrip()]
    for kind in new:
        bases = [GENERIC.get(base.__name__, base.__name__) for base in kind.__bases__ if base is not object]
        head = f"class {kind.__name__}({', '.join(bases)}):" if bases else f"class {kind.__name__}:"
        lines += ["", head, *indented(generated(kind), "    ")]
    lines += missing_exceptions(exceptions, module, written)
    return imported("\n".join(lines).strip("\n") + "\n") if lines else text


def annotated(module):
    """The classes of a module that have generated methods, by name; a base class stands before what extends it."""
    kinds = [kind for kind in vars(module).values() if isinstance(kind, type) and "_sundown_generated" in vars(kind)]
    return {kind.__name__: kind for kind in sorted(kinds, key=lambda kind: len(kind.__mro__))}


def generated(kind):
    return [name for name in METHODS if name in vars(kind)["_sundown_generated"]]


def names_of(node, written):
    """What a class says that it has, in its base classes of the same file too."""
    names = set()
    for item in node.body:
        if isinstance(item, (ast.FunctionDef, ast.AsyncFunctionDef)):
            names.add(item.name)
        elif isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name):
            names.add(item.target.id)
    for base in node.bases:
        if isinstance(base, ast.Name) and base.id in written and base.id != node.name:
            names |= names_of(written[base.id], written)
    return names


def insert(lines, node, missing):
    first, last = node.body[0], node.body[-1]
    indent = " " * (node.col_offset + 4 if first.lineno == node.lineno else first.col_offset)
    if len(node.body) == 1 and isinstance(first, ast.Expr) and getattr(first.value, "value", None) is Ellipsis:
        # `class Client: ...`, on one line or two.
        head = lines[first.lineno - 1][: first.col_offset].rstrip()
        lines[first.lineno - 1 : first.end_lineno] = [head] if head else []
        end = first.lineno if head else first.lineno - 1
    else:
        end = last.end_lineno
    lines[end:end] = indented(missing, indent)


def indented(names, indent):
    return [indent + line for name in names for line in METHODS[name]]


def missing_exceptions(exceptions, module, written):
    nodes = [node for node in ast.parse(exceptions).body if isinstance(node, ast.ClassDef)]
    missing = [node for node in nodes if node.name not in written and hasattr(module, node.name)]
    if len(missing) == len(nodes):
        return ["", *exceptions.rstrip().splitlines()]
    source = exceptions.splitlines()
    return [line for node in missing for line in ["", *source[node.lineno - 1 : node.end_lineno]]]


def imported(text):
    """With the imports of the names that are used, below the other imports."""
    tree = ast.parse(text)
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    bound = {alias.asname for node in tree.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    missing = [line for name, line in IMPORTS.items() if name in names and name not in bound]
    if not missing:
        return text
    lines = text.splitlines()
    above = 0
    for index, node in enumerate(tree.body):
        is_docstring = index == 0 and isinstance(node, ast.Expr) and isinstance(getattr(node.value, "value", None), str)
        if is_docstring or isinstance(node, (ast.Import, ast.ImportFrom)):
            above = node.end_lineno
    if above and not isinstance(tree.body[0], (ast.Import, ast.ImportFrom)) and lines[above - 1 : above] and not any(
        isinstance(node, (ast.Import, ast.ImportFrom)) for node in tree.body
    ):
        missing = ["", *missing]
    after = [] if not lines[above : above + 1] or not lines[above].strip() else [""]
    lines[above:above] = missing + after
    return "\n".join(lines) + "\n"
