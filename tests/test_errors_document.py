"""docs/errors.md and the pages of ``explain`` say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from zoomcall.usecases.topics import TopicPage, pages

ROOT = Path(__file__).parent.parent
DOCUMENT = ROOT / "docs" / "errors.md"


def check(script: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, "--check"], capture_output=True, text=True, check=False)


def copied(folder: Path, text: str | None) -> Path:
    script = folder / "tools" / "errors.py"
    script.parent.mkdir()
    script.write_text((ROOT / "tools" / "errors.py").read_text(encoding="utf-8"), encoding="utf-8")
    if text is not None:
        (folder / "docs").mkdir()
        (folder / "docs" / "errors.md").write_text(text, encoding="utf-8")
    return script


def test_the_document_is_what_the_program_says_now() -> None:
    checked = check(ROOT / "tools" / "errors.py")
    assert checked.returncode == 0, checked.stderr


def test_a_changed_document_is_found_out(tmp_path: Path) -> None:
    text = DOCUMENT.read_text(encoding="utf-8").replace("Zoom refused the token", "Zoom likes the token")
    checked = check(copied(tmp_path, text))
    assert checked.returncode == 1
    assert "make docs" in checked.stderr


def test_a_missing_document_is_found_out_and_written(tmp_path: Path) -> None:
    script = copied(tmp_path, None)
    assert check(script).returncode == 1
    subprocess.run([sys.executable, script], check=True)
    written = tmp_path / "docs" / "errors.md"
    assert written.read_text(encoding="utf-8") == DOCUMENT.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", pages(None), ids=lambda page: page.topic)
def test_every_page_has_its_place_in_the_document(page: TopicPage) -> None:
    section = DOCUMENT.read_text(encoding="utf-8").partition(f"(`{page.topic}`)\n")[2].partition("\n### ")[0]
    assert "- Example: `" in section
    assert all(f"<{url}>" in section for url in page.sources)


def test_every_link_inside_the_document_leads_somewhere() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    anchors = re.findall(r'<a id="([\w-]+)">', text)
    assert len(anchors) == len(set(anchors))
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)


def test_it_begins_with_causes_and_zooms_codes_each_page_with_its_fix_before_its_table() -> None:
    text = DOCUMENT.read_text(encoding="utf-8")
    assert re.findall(r'^## <a id="(\w+)">', text, re.MULTILINE)[:2] == ["cause", "zoom"]
    for page in text.split("\n### ")[1:]:
        fix, table = page.find("\n- What to do: "), page.find("\n| ")
        assert -1 in {fix, table} or fix < table
