from __future__ import annotations

from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.cli.render.junit import JUnitCase, junit

AT = datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
CASES = [
    JUnitCase(name="good", seconds=0.25, output="all is well"),
    JUnitCase(name="bad", seconds=1.5, failure="it broke", failure_kind="auth", output="it broke\nfix: mend it"),
    JUnitCase(name="left", seconds=0.0, skipped="not asked"),
]


def parsed(text: str) -> ET.Element:
    root = ET.fromstring(text)  # noqa: S314 - our own text
    assert root.tag == "testsuites"
    (suite,) = root
    return suite


def test_a_suite_counts_its_cases() -> None:
    suite = parsed(junit("zoomcall.doctor", CASES, at=AT))
    assert suite.attrib == {
        "name": "zoomcall.doctor",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "1.750",
        "timestamp": "2026-11-21T10:00:00",
    }
    assert [case.attrib for case in suite] == [
        {"classname": "zoomcall.doctor", "name": "good", "time": "0.250"},
        {"classname": "zoomcall.doctor", "name": "bad", "time": "1.500"},
        {"classname": "zoomcall.doctor", "name": "left", "time": "0.000"},
    ]


def test_a_case_says_what_became_of_it() -> None:
    good, bad, left = parsed(junit("s", CASES, at=AT))
    assert [(each.tag, each.text) for each in good] == [("system-out", "all is well")]
    (failure,) = bad
    assert (failure.tag, failure.attrib) == ("failure", {"message": "it broke", "type": "auth"})
    assert failure.text == "it broke\nfix: mend it"
    (skipped,) = left
    assert (skipped.tag, skipped.attrib) == ("skipped", {"message": "not asked"})


def test_a_suite_without_cases_is_one_too() -> None:
    assert parsed(junit("s", [], at=AT)).get("tests") == "0"


@pytest.mark.parametrize("hostile", ["\x00", "\x1b[31m", "\ufffe", "\ud800", "]]>", "<a>&\"'", "\u202e", "\r\n"])
def test_hostile_characters_do_no_harm(hostile: str) -> None:
    text = f"a{hostile}b"
    case = JUnitCase(name=text, seconds=0, failure=text, failure_kind=text, output=text)
    (written,) = parsed(junit("s", [case], at=AT))
    (failure,) = written
    for value in (written.get("name"), failure.get("message"), failure.get("type"), failure.text):
        assert value is not None
        assert value.startswith("a")
        assert value.endswith("b")
        assert "\x1b" not in value
        assert "\u202e" not in value


@given(st.text(), st.text(), st.text())
def test_any_text_gives_a_document(failure: str, skipped: str, output: str) -> None:
    cases = [
        JUnitCase(name="a", seconds=0, failure=failure, output=output),
        JUnitCase(name="b", seconds=0, skipped=skipped),
        JUnitCase(name="c", seconds=0, output=output),
    ]
    document = junit("s", cases, at=AT)
    assert len(parsed(document)) == 3
    document.encode()
