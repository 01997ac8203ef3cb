"""What differs between systems stands in few modules, and `make check` reads the code as each system would."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "zoomcall").rglob("*.py"))
_HOMES = {
    "own_files.py": (
        *("fcntl", "msvcrt", "os.geteuid", "os.fchmod", "os.O_DIRECTORY"),
        "os.fsync",  # which knows how macOS empties a drive's cache
        "os.replace",  # which knows that Windows refuses it while the file is open
    ),
    "cli/streams.py": ("msvcrt", "termios"),
    "named_files.py": ("select", "os.set_blocking"),
    "emulator/child.py": ("os.ctermid", "os.tcgetpgrp", "os.getpgrp", "os.O_NOCTTY"),
    "adapters/journal_file.py": ("os.link",),  # which does without where there are no links
    "adapters/clock.py": ("time.clock_gettime",),
    "nowhere": (
        *("tty", "pty", "pwd", "grp", "resource", "winreg", "ctypes"),
        *("os.fork", "os.mkfifo", "os.getuid", "os.killpg", "os.setsid", "os.uname"),
        *("signal.SIGHUP", "signal.SIGKILL", "signal.alarm", "signal.pause"),
        "add_signal_handler",  # which the event loops of Windows refuse, and mypy does not know
    ),
}
HOMES: dict[str, set[str]] = {}
for _module, _names_used in _HOMES.items():
    for _name in _names_used:
        HOMES.setdefault(_name, set()).add(_module)
"""Names that some system lacks or treats otherwise, and the modules that may use each."""
_TEXT_CALLS = {"open", "read_text", "write_text", "fdopen"}
_OTHERS = {"os.open", "read_text", "super().write_text"}  # our own, of which one reads bytes


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_what_systems_lack_is_used_where_that_is_known(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module = path.relative_to(ROOT / "zoomcall").as_posix()

    assert [name for name in _names(tree) if module not in HOMES.get(name, {module})] == []
    assert list(_without_encoding(tree)) == []


def _names(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=names):
                yield from (each.name for each in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield module
                yield from (f"{module}.{each.name}" for each in names)
            case ast.Attribute(value=ast.Name(id=module), attr=name):
                yield f"{module}.{name}"
                yield name
            case ast.Attribute(attr=name):
                yield name


def _without_encoding(tree: ast.AST) -> Iterator[int]:
    """Find text files that are opened in the encoding of the system, which is seldom UTF-8 on Windows."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
        if name not in _TEXT_CALLS or ast.unparse(node.func) in _OTHERS:
            continue
        literals = [each.value for each in node.args if isinstance(each, ast.Constant)]
        is_binary = any(isinstance(each, str) and "b" in each and set(each) <= set("rwaxb+") for each in literals)
        is_named = any(each.arg == "encoding" for each in node.keywords) or (name == "read_text" and literals)
        if not is_binary and not is_named and (literals or name in {"read_text", "write_text"}):
            yield node.lineno


def test_the_table_finds_what_it_is_for() -> None:
    tree = ast.parse("import fcntl\nos.fsync(1)\nloop.add_signal_handler(2)\nfrom os import link")
    assert {"fcntl", "os.fsync", "add_signal_handler", "os.link"} <= set(_names(tree))
    assert list(_without_encoding(ast.parse("open('x', 'w')\nopen('x', 'rb')\np.read_text()"))) == [1, 3]


@pytest.mark.parametrize("platform", ["linux", "darwin", "win32"])
def test_types_are_checked_as_each_system_has_them(platform: str) -> None:
    assert f"mypy --platform {platform}" in (ROOT / "Makefile").read_text(encoding="utf-8")
