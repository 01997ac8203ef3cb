"""How a text came into a paste changes nothing; what stands in for a value makes nothing more certain."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterator

import pytest
from diagnose.cases import CASES, Case
from tokens import NOW

from zoomcall.domain.cause import Certainty
from zoomcall.errors import ErrorKind, UsageError
from zoomcall.usecases.diagnosing import Diagnosis, diagnose
from zoomcall.usecases.pasted.paste import text_of_paste

ORDER = tuple(Certainty)
WRAPPED_ALREADY = re.compile(r"\\[\"nu/]|^>|&\w+;|\^\n|`\n|<\w|^[-+] ", re.MULTILINE)
DOCUMENTS = {  # files of tools, and tables, are not read inside a log
    "path-event-singular-github-action",
    "wrong-method-bruno",
    "not-host-csv",
    "wrong-method-step-functions",
}
SIMPLE = [case for case in CASES if not WRAPPED_ALREADY.search(case.text) and len(case.text) < 4000]


def prefixed(text: str) -> str:
    return "\n".join(f"2026-11-21T10:00:{n % 60:02d}.123Z {line}" for n, line in enumerate(text.split("\n")))


WRAPPINGS: dict[str, Callable[[str], str | bytes]] = {
    "a JSON string": json.dumps,
    "a JSON string twice": lambda text: json.dumps(json.dumps(text)),
    "a log line of JSON": lambda text: json.dumps({"level": "error", "at": "2026-11-21T10:00:00Z", "msg": text}),
    "a log line of JSON twice": lambda text: json.dumps({"log": json.dumps({"msg": text})}),
    "a log line": lambda text: f"[2026-11-21 10:00:00] app.ERROR: failed {json.dumps({'message': text})} []",
    "lines of a log": prefixed,
    "a mail quote": lambda text: "\n".join(f"> {line}" for line in text.split("\n")),
    "a mail quote twice": lambda text: "\n".join(f">> {line}" for line in text.split("\n")),
    "HTML": lambda text: f"<pre><code>{html.escape(text)}</code></pre>",
    "other line breaks": lambda text: text.replace("\n", "\r\n"),
    "UTF-16": lambda text: text.encode("utf-16"),
    "UTF-16 without a mark": lambda text: text.encode("utf-16-le"),
    "a mark before UTF-8": lambda text: text.encode("utf-8-sig"),
    "colours": lambda text: f"\x1b[31m{text}\x1b[0m",
}


def judged(text: str | bytes) -> Diagnosis | None:
    data = text if isinstance(text, bytes) else text.encode("utf-8")
    try:
        return diagnose(text_of_paste(data, origin="the paste"), now=NOW)
    except UsageError:
        return None


def outcome(text: str | bytes) -> tuple[str | None, ErrorKind | None]:
    diagnosis = judged(text)
    assert diagnosis is not None
    causes = diagnosis.judgement.causes
    return (causes[0].id if causes else None), diagnosis.kind


@pytest.mark.parametrize("wrapping", WRAPPINGS)
def test_a_wrapping_changes_neither_the_first_cause_nor_the_exit(wrapping: str) -> None:
    """Try every case in one test a wrapping: a test for each would take longer than the cases do."""
    changed = {
        case.name
        for case in SIMPLE
        if not (case.name in DOCUMENTS and "log line" in wrapping)
        and outcome(WRAPPINGS[wrapping](case.text)) != outcome(case.text)
    }
    assert changed == set()


STAND_INS = (
    "$VALUE",
    "{{ value }}",
    "#{value}",
    "@{variables('value')}",
    "<value>",
    "{% value %}",
    "***",
    "[REDACTED]",
)
VALUES = re.compile(
    r"(?<=Bearer )[\w.«» '-]{4,2000}|(?<=device_ip\":\")[^\"]+|(?<=call_type\":\")[^\"]+|(?<=live_meetings/)\d+"
    r"|(?<=sessions/)[^/\"\s]+|(?<=method\":\")[^\"]+"
)


def certainties(diagnosis: Diagnosis | None) -> dict[str, int]:
    causes = diagnosis.judgement.causes if diagnosis is not None else ()
    return {cause.id: ORDER.index(cause.certainty) for cause in causes}


def surer(case: Case, number: int) -> Iterator[tuple[str, str, str]]:
    """Yield what became surer when a value was replaced by a stand-in, which is another for each value."""
    before = certainties(judged(case.text))
    for turn, match in enumerate(list(VALUES.finditer(case.text))[:8]):
        stand_in = STAND_INS[(number + turn) % len(STAND_INS)]
        text = case.text[: match.start()] + stand_in + case.text[match.end() :]
        for cause, doubt in certainties(judged(text)).items():
            is_new = cause not in before and doubt == 0 and not case.exit
            if doubt < before.get(cause, 0) or is_new:
                yield case.name, stand_in, cause


def test_a_stand_in_makes_nothing_more_certain() -> None:
    assert [found for number, case in enumerate(SIMPLE) for found in surer(case, number)] == []
