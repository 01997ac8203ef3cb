"""JUnit XML, as CI systems read it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

from msgspec import Struct

from zoomcall.domain.shown_text import printable


class JUnitCase(Struct, frozen=True, kw_only=True):
    """One test case.

    Attributes:
        name: Its name.
        seconds: How long it took.
        failure: Why it failed, one line; None if it did not.
        failure_kind: A word for the kind of failure.
        skipped: Why it was skipped, one line; None if it was not.
        output: Everything else to report.
    """

    name: str
    seconds: float
    failure: str | None = None
    failure_kind: str = ""
    skipped: str | None = None
    output: str = ""


def junit(name: str, cases: Sequence[JUnitCase], *, at: datetime) -> str:
    """Write a report of one test suite; characters that XML cannot hold are left out."""
    suite = ET.Element(
        "testsuite",
        name=name,
        tests=str(len(cases)),
        failures=str(sum(case.failure is not None for case in cases)),
        errors="0",
        skipped=str(sum(case.skipped is not None for case in cases)),
        time=_seconds(sum(case.seconds for case in cases)),
        timestamp=at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
    )
    for case in cases:
        element = ET.SubElement(
            suite, "testcase", classname=name, name=printable(case.name), time=_seconds(case.seconds)
        )
        if case.failure is not None:
            failure = ET.SubElement(
                element, "failure", message=printable(case.failure), type=printable(case.failure_kind)
            )
            failure.text = _text(case.output)
        elif case.skipped is not None:
            ET.SubElement(element, "skipped", message=printable(case.skipped))
        elif case.output:
            ET.SubElement(element, "system-out").text = _text(case.output)
    root = ET.Element("testsuites")
    root.append(suite)
    ET.indent(root)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{ET.tostring(root, encoding="unicode")}\n'


def _seconds(seconds: float) -> str:
    return f"{seconds:.3f}"


def _text(text: str) -> str:
    return "\n".join(printable(line) for line in text.splitlines())
