"""Man pages, and what the wheel puts beside the program."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

from zoomcall.cli.completions.tree import read_tree

ROOT = Path(__file__).parent.parent
PAGES = sorted((ROOT / "docs" / "man").iterdir())


def _run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_there_is_a_page_for_each_command_and_nothing_else() -> None:
    leaves = (node for node in read_tree().walk() if not node.children)
    assert {page.name for page in PAGES} == {
        "zoomcall.1",
        *(f"zoomcall-{'-'.join(leaf.path)}.1" for leaf in leaves),
    }


def test_a_page_that_is_not_what_the_program_says_is_found_out(tmp_path: Path) -> None:
    for name in ("tools/manpages.py", "README.md", *(str(page.relative_to(ROOT)) for page in PAGES)):
        copy = tmp_path / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_text((ROOT / name).read_text(encoding="utf-8"), encoding="utf-8")
    check = (sys.executable, tmp_path / "tools" / "manpages.py", "--check")
    assert _run(*check).returncode == 0, _run(*check).stderr
    doctor = tmp_path / "docs" / "man" / "zoomcall-doctor.1"
    doctor.write_text(doctor.read_text(encoding="utf-8").replace("clock", "cloak"), encoding="utf-8")
    (tmp_path / "docs" / "man" / "zoomcall-gone.1").touch()
    checked = _run(*check)
    assert checked.returncode == 1
    assert "zoomcall-doctor.1, zoomcall-gone.1 out of date" in checked.stderr


def test_mandoc_finds_nothing_wrong_but_that_there_is_no_date() -> None:
    told = _run("mandoc", "-T", "lint", "-W", "warning", *PAGES).stdout.splitlines()
    assert [line for line in told if "missing date" not in line] == []
    assert len(told) == len(PAGES)


def test_flags_quotes_and_examples_reach_the_reader_as_help_has_them() -> None:
    printed = _run("mandoc", "-T", "utf8", "-O", "width=200", ROOT / "docs/man/zoomcall-invite-sip.1").stdout
    page = re.sub(".\b", "", printed)  # bold is a letter printed twice, and italics are a line printed first
    assert "zoomcall invite sip [OPTIONS] ADDRESS" in page
    assert "zoomcall invite sip room@example.com --session-name Standup --to-name 'A 2'" in page
    assert "--evidence <auto|roster|webhook-log|webhook|websocket>" in page
    assert "--profile" not in page


def test_the_wheel_puts_pages_and_completions_where_they_are_looked_for(tmp_path: Path) -> None:
    built = _run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", tmp_path)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        data = {
            name.partition(".data/data/")[2]: archive.read(name) for name in archive.namelist() if ".data/" in name
        }
    scripts = {
        "bash-completion/completions/zoomcall": "zoomcall.bash",
        "zsh/site-functions/_zoomcall": "_zoomcall",
        "fish/vendor_completions.d/zoomcall.fish": "zoomcall.fish",
    }
    assert data == {f"share/man/man1/{page.name}": page.read_bytes() for page in PAGES} | {
        f"share/{place}": (ROOT / "completions" / name).read_bytes() for place, name in scripts.items()
    }
