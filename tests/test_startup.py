"""What a command must not import: a start is paid for by every call of it."""

import sys
from pathlib import Path

import pytest
from shell import ProcessShell, Shell

from zoomcall.cli.commands import ENTRIES
from zoomcall.emulator.running import Emulator

_LISTING = """\
import atexit, pathlib, sys
before = set(sys.modules)
def write():
    loaded = {name: module for name, module in sys.modules.items() if name not in before}
    files = {name: getattr(module, "__file__", None) or "" for name, module in loaded.items()}
    pathlib.Path(sys.argv[0]).write_text("".join(f"{name} {file}\\n" for name, file in files.items()))
"""
_PROGRAM = f"""{_LISTING}
sys.argv[0] = sys.argv.pop(1)
atexit.register(write)
from zoomcall.__main__ import main
main()
"""

DRAWING = ("rich", "typer.rich_utils", "markdown_it", "pygments")
CLUTTER = ("click", "pydantic")
NETWORK = ("httpx", "httpcore", "anyio", "h11", "h2", "socksio", "asyncio", "aiohttp", "truststore")
KEYRING = ("keyring", "secretstorage", "jeepney")
COMMAND_MODULES = tuple(f"zoomcall.cli.{module}" for entry in ENTRIES.values() for module in entry.modules)


class Starts:
    """Runs the program in a bare process and tells which modules it loaded beyond Python's own."""

    def __init__(self, shell: Shell, folder: Path) -> None:
        for name in [name for name in shell.environ if name.startswith("COVERAGE_")]:
            del shell.environ[name]
        self._shell = shell
        self._listing = folder / "modules"
        self.code = 0

    def __call__(
        self, *arguments: str, stdin: bytes = b"", environ: dict[str, str] | None = None
    ) -> dict[str, str]:
        """Return the modules with their files."""
        program = ProcessShell(self._shell, (sys.executable, "-c", _PROGRAM, str(self._listing)))
        self.code = program(*arguments, stdin=stdin, environ=environ, reveals=("output",)).code
        lines = self._listing.read_text(encoding="utf-8").splitlines()
        return {name: file for name, _, file in (line.partition(" ") for line in lines)}


def among(modules: dict[str, str], names: tuple[str, ...]) -> set[str]:
    """Return the modules that are one of ``names`` or below it."""
    return {module for module in modules if any(f"{module}.".startswith(f"{name}.") for name in names)}


@pytest.fixture
def starts(zoomcall: Shell, tmp_path: Path) -> Starts:
    return Starts(zoomcall, tmp_path)


def test_the_environment_has_no_click() -> None:
    """With click beside it httpx imports its own command line, which would make every other test here lie."""
    with pytest.raises(ModuleNotFoundError):
        __import__("click")


def test_the_version_imports_nothing_of_others(starts: Starts) -> None:
    modules = starts("--version")
    assert starts.code == 0
    assert {name for name, file in modules.items() if "site-packages" in file} == set()
    assert "zoomcall.cli" not in modules


@pytest.mark.parametrize("arguments", [("--help",), ()])
def test_the_root_help_imports_no_command(starts: Starts, arguments: tuple[str, ...]) -> None:
    modules = starts(*arguments)
    assert starts.code == 0
    assert among(modules, (*COMMAND_MODULES, *DRAWING, *CLUTTER, *NETWORK, *KEYRING, "jwt")) == set()


@pytest.mark.parametrize(
    "arguments",
    [
        ("completion", "bash"),
        ("schema",),
        ("explain", "124"),
        ("explain", "--help"),
        ("token", "mint", "--help"),
        ("token", "inspect", "--help"),
        ("invite", "sip", "--help"),
        ("auth", "login", "--help"),
    ],
    ids=" ".join,
)
def test_a_command_without_network_imports_none(starts: Starts, arguments: tuple[str, ...]) -> None:
    modules = starts(*arguments)
    assert starts.code == 0
    assert among(modules, (*DRAWING, *CLUTTER, *NETWORK, *KEYRING, "jwt")) == set()


@pytest.mark.parametrize(
    "arguments", [("token", "mint"), ("token", "inspect"), ("token", "mint", "--json")], ids=" ".join
)
def test_a_token_is_minted_and_inspected_without_network_and_keyring(
    starts: Starts, arguments: tuple[str, ...], sentinel: str
) -> None:
    environ = {"ZOOMCALL_API_KEY": "key", "ZOOMCALL_API_SECRET": sentinel}
    modules = starts(*arguments, stdin=b"eyJhbGciOiJIUzI1NiJ9.e30.c2ln\n", environ=environ)
    assert starts.code in {0, 4}
    assert among(modules, (*DRAWING, *CLUTTER, *NETWORK, *KEYRING)) == set()


def test_a_dry_run_imports_no_network(starts: Starts) -> None:
    modules = starts("invite", "sip", "answer@room.example.com", "--session", "abc", "--dry-run")
    assert starts.code == 0
    assert among(modules, (*DRAWING, *CLUTTER, *NETWORK, *KEYRING, "jwt", "sqlite3", "phonenumbers")) == set()


def test_the_address_book_is_read_without_network_and_editor(starts: Starts, zoomcall: Shell) -> None:
    assert zoomcall("room", "add", "Board", "sip", "board@example.com").code == 0
    for arguments in (("room", "list"), ("invite", "room", "board", "--session", "abc", "--dry-run")):
        modules = starts(*arguments)
        assert starts.code == 0
        assert among(modules, (*DRAWING, *CLUTTER, *NETWORK, *KEYRING, "jwt", "sqlite3", "tomlkit")) == set()


def test_an_invite_imports_no_event_loop_and_no_keyring(
    starts: Starts, emulator: Emulator, emulator_environ: dict[str, str]
) -> None:
    modules = starts("invite", "sip", "answer@room.example.com", environ=emulator_environ)
    assert starts.code == 0
    assert among(modules, (*DRAWING, *CLUTTER, *KEYRING, "asyncio", "aiohttp", "h2")) == set()
    assert "httpx" in modules
