"""What code and documents refer to is there."""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DOCUMENTS = [
    *sorted((ROOT / "docs").glob("*.md")),
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
]
CITED = {"contract": ROOT / "docs" / "contract.md", "zoom-api": ROOT / "docs" / "zoom-api.md"}
SOURCES = sorted(
    path
    for folder in ("zoomcall", "tests", "tools")
    for path in (ROOT / folder).rglob("*.*")
    if path.suffix in {".py", ".toml"}
)

_NUMBER = r"\d+(?:\.\d+)*"
# "contract 2 and 11", "zoom-api 3.5, 4"; a docstring or comment may break the line anywhere in it
_REFERENCE = re.compile(
    rf"\b(contract|zoom-api)[\s#]+({_NUMBER}(?:(?:,[\s#]+|[\s#]+and[\s#]+){_NUMBER})*)\b", re.IGNORECASE
)
_FENCE = re.compile(r"^```.*?^```", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#+ (.+?) *$", re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_PATH = re.compile(r"`((?:zoomcall|tests|tools|docs)/[\w./-]+\.\w+)`")

_TEST = re.compile(r"`(tests/[\w./-]+\.py)((?:::\w+)+)`")


def missing_tests(text: str) -> list[str]:
    """Find the tests that a text names, like ``tests/x.py::test_y``, and that are not there."""
    return [f"{path}{names}" for path, names in _TEST.findall(text) if not _is_test(ROOT / path, names)]


def _is_test(path: Path, names: str) -> bool:
    source = path.read_text(encoding="utf-8") if path.is_file() else ""
    return all(
        re.search(rf"^ *(?:class|(?:async )?def) {name}\b", source, re.MULTILINE) for name in names.split("::")[1:]
    )


def references_in(text: str) -> Iterator[tuple[str, str]]:
    """Find every document and section number that ``text`` cites."""
    for document, numbers in _REFERENCE.findall(text):
        yield from ((document.lower(), number) for number in re.findall(_NUMBER, numbers))


def headings_of(text: str) -> list[str]:
    return _HEADING.findall(_FENCE.sub("", text))


def sections_of(text: str) -> list[str]:
    """Find the numbers that headings begin with, like 3 or 3.5."""
    return [match[1] for heading in headings_of(text) if (match := re.match(rf"({_NUMBER})\.? ", heading))]


def anchors_of(text: str) -> set[str]:
    """Make the anchors that a forge gives to headings, and those that the text sets itself."""
    slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings_of(text)]
    numbered = {
        f"{slug}-{number}" if number else slug
        for slug, same in groupby(sorted(slugs))
        for number, _ in enumerate(same)
    }
    return numbered | set(re.findall(r'<a (?:id|name)="([^"]+)"', text))


def broken_links(document: Path) -> list[str]:
    """Find the links to files or headings that are not there; the web is left alone."""
    links = [
        link for link in _LINK.findall(_FENCE.sub("", document.read_text(encoding="utf-8"))) if "://" not in link
    ]
    return [link for link in links if not _resolves(link, document)]


def _resolves(link: str, document: Path) -> bool:
    name, _, anchor = link.partition("#")
    target = document.parent / name if name else document
    return target.exists() and (not anchor or anchor in anchors_of(target.read_text(encoding="utf-8")))


def test_every_section_that_code_cites_is_a_heading() -> None:
    sections = {name: set(sections_of(path.read_text(encoding="utf-8"))) for name, path in CITED.items()}
    cited = {(*each, path) for path in SOURCES for each in references_in(path.read_text(encoding="utf-8"))}
    assert {document for document, _, _ in cited} == set(CITED)
    assert not [each for each in cited if each[1] not in sections[each[0]]]


@pytest.mark.parametrize("name", CITED)
def test_every_section_has_a_number_of_its_own(name: str) -> None:
    sections = sections_of(CITED[name].read_text(encoding="utf-8"))
    assert len(sections) == len(set(sections))


def test_no_source_cites_what_is_not_in_the_repository() -> None:
    assert not [path for path in SOURCES if re.search(r"\bFACTS[\s#]+\d", path.read_text(encoding="utf-8"))]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_between_documents_resolves(document: Path) -> None:
    assert not broken_links(document)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_a_document_names_exists(document: Path) -> None:
    assert not [path for path in _PATH.findall(document.read_text(encoding="utf-8")) if not (ROOT / path).exists()]


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_test_that_a_document_names_exists(document: Path) -> None:
    assert not missing_tests(document.read_text(encoding="utf-8"))


def test_a_test_that_is_not_there_is_found() -> None:
    here = "tests/test_references.py::test_a_test_that_is_not_there_is_found"
    gone = ["tests/test_references.py::test_a_test", "tests/test_nowhere.py::test_a_test"]
    assert missing_tests("".join(f"(`{name}`)" for name in [here, *gone])) == gone


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ('"""Contract 5."""', [("contract", "5")]),
        ("by contract 2 and 11, exit 12", [("contract", "2"), ("contract", "11")]),
        ("(zoom-api 5.1, 5.2): what", [("zoom-api", "5.1"), ("zoom-api", "5.2")]),
        ("    # as contract\n    # 6.5 says", [("contract", "6.5")]),
        ("contract-10 and from contract import check", []),
    ],
)
def test_references_are_found_however_they_are_written(text: str, found: list[tuple[str, str]]) -> None:
    assert list(references_in(text)) == found


def test_a_dead_link_is_found(tmp_path: Path) -> None:
    document = tmp_path / "here.md"
    (tmp_path / "there.md").write_text(
        "## 3.5 IDs / `UUIDs`\n\n```sh\n# not this\n```\n\n## Twice\n\n## Twice\n", encoding="utf-8"
    )
    good = ["there.md", "there.md#35-ids--uuids", "there.md#twice", "there.md#twice-1", "#here"]
    bad = ["nowhere.md", "there.md#not-this", "there.md#twice-2", "#there"]
    links = "".join(f"[text]({link})\n" for link in [*good, *bad, "https://example.com/x"])
    document.write_text(f"# Here\n\n{links}", encoding="utf-8")
    assert broken_links(document) == bad
