"""README and program say the same."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from shell import Shell

from zoomcall.cli.completions.tree import read_tree

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CONTRIBUTING = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")

_VARIABLE = re.compile(r"ZOOMCALL_[A-Z_]+[A-Z]")


def test_the_captured_parts_are_what_the_program_says_now() -> None:
    checked = subprocess.run(
        [sys.executable, ROOT / "tools" / "readme.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_a_changed_captured_part_is_found_out(tmp_path: Path) -> None:
    for name in ("tools/readme.py", "tools/demo.sh", "tools/post.txt"):
        copy = tmp_path / name
        copy.parent.mkdir(exist_ok=True)
        copy.write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "README.md").write_text(README.replace("| 7 | `no-op` |", "| 7 | `noop` |"), encoding="utf-8")
    checked = subprocess.run(
        [sys.executable, tmp_path / "tools" / "readme.py", "--check"], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 1
    assert "exit codes" in checked.stderr


def test_every_variable_of_the_program_is_in_the_table_and_no_other() -> None:
    table = README.partition("## Environment")[2].partition("\n## ")[0]
    sources = (ROOT / "zoomcall").rglob("*.py")
    read = {name for source in sources for name in _VARIABLE.findall(source.read_text(encoding="utf-8"))}
    assert set(_VARIABLE.findall(table)) == read


def test_every_command_line_of_the_readme_can_be_parsed(zoomcall: Shell) -> None:
    paths = {node.path for node in read_tree().walk() if not node.children}
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line.startswith("zoomcall ")]
    assert lines
    for line in lines:
        words = line.partition("#")[0].split()[1:]
        path = next((words[:count] for count in (3, 2, 1) if tuple(words[:count]) in paths), [])
        flags = {word for word in words if word.startswith("--")}
        assert path or flags == {"--help"}, line
        assert flags <= set(re.findall(r"--[a-z0-9-]+", zoomcall(*path, "--help").stdout)), line


def test_what_is_needed_first_comes_first() -> None:
    """What it is, the two targets, three lines to install, a picture; then the sandbox, a room, and the rest."""
    start, *sections = re.split(r"^## ", README, flags=re.MULTILINE)
    places = [start.index(words) for words in ("Exit code 0 means", "make demo ", "pipx install", "ring-light.svg")]
    assert places == sorted(places)
    demo, install = re.findall(r"```sh\n(.*?)```", start, re.DOTALL)
    assert [line.split()[:2] for line in demo.splitlines()] == [["make", "demo"], ["make", "test"]]
    assert len(install.splitlines()) == 3
    titles = [section.partition("\n")[0] for section in sections]
    assert titles[:2] == ["The sandbox", "Your own room"]
    anchors = [re.sub(r"[^\w -]", "", title).lower().replace(" ", "-") for title in titles]
    assert re.findall(r"\]\(#([\w-]+)\)", start)[1:] == anchors


def test_the_sandbox_is_three_commands_that_the_guide_runs() -> None:
    block = re.search(r"^## The sandbox\n.*?```sh\n(.*?)```", README, re.MULTILINE | re.DOTALL)
    assert block is not None
    commands = [line.partition("  #")[0].strip() for line in block[1].splitlines()]
    assert len(commands) == 3
    assert set(commands) <= set((ROOT / "docs" / "guide.md").read_text(encoding="utf-8").splitlines())


def test_the_exit_table_is_short_and_links_to_the_whole() -> None:
    section = README.partition("\n## In scripts\n")[2].partition("\n## ")[0]
    assert 10 <= len(re.findall(r"^\| \d+ \|", section, re.MULTILINE)) <= 15
    assert "(docs/contract.md#2-exit-codes)" in section


def test_the_make_targets_of_the_documents_exist() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    documents = README + CONTRIBUTING
    code = [*re.findall(r"```sh\n(.*?)```", documents, re.DOTALL), *re.findall(r"`[^`\n]+`", documents)]
    named = set(re.findall(r"^`?make ([a-z]+)", "\n".join(code), re.MULTILINE))
    assert {"demo", "test"} <= named <= targets


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`([\w./*]+/[\w.*]*|\w+\.(?:py|lock))`", CONTRIBUTING))))
def test_every_path_that_contributing_names_exists(path: str) -> None:
    wanted = path.rstrip("/")
    assert list(ROOT.glob(wanted)) or list((ROOT / "zoomcall").rglob(wanted))


@pytest.mark.parametrize(
    "requirement",
    [*PROJECT["dependencies"], *(each for extra in PROJECT["optional-dependencies"].values() for each in extra)],
)
def test_every_dependency_has_its_reason(requirement: str) -> None:
    package = re.split("[<>=]", requirement)[0]
    assert package.startswith("zoomcall") or f"\n| {package} " in CONTRIBUTING
