from __future__ import annotations

import csv
import io
import re
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from reported import HOSTILE, START, missed, not_rung, outcome, row

from zoomcall.cli.reports.csv import COLUMNS, csv_report
from zoomcall.cli.reports.junit import junit_report
from zoomcall.cli.reports.metrics import metrics_report
from zoomcall.cli.reports.outcome import Outcome, fix_of
from zoomcall.domain.call import State, TimelineEntry

Samples = dict[tuple[str, frozenset[tuple[str, str]]], float]
_SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? ([-+.0-9eE]+)')
_LABEL = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\[\\"n])*)"')
_ESCAPE = {"\\\\": "\\", '\\"': '"', "\\n": "\n"}


def samples(text: str) -> Samples:
    """Read Prometheus' text format, and refuse whatever its own reader would refuse."""
    found: Samples = {}
    kinds: dict[str, str] = {}
    assert text.endswith("\n")
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            assert name not in kinds
            kinds[name] = kind
            continue
        if line.startswith("# HELP "):
            continue
        match = _SAMPLE.fullmatch(line)
        assert match, line
        name, labels, value = match.groups()
        assert re.sub(r"_(bucket|sum|count)$", "", name) in kinds or name in kinds
        pairs = frozenset(
            (key, re.sub(r"\\.", lambda found: _ESCAPE[found[0]], text))
            for key, text in _LABEL.findall(labels or "")
        )
        assert (name, pairs) not in found
        found[name, pairs] = float(value)
    return found


def metric(found: Samples, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def cases(text: str) -> list[ET.Element]:
    return list(ET.fromstring(text).iter("testcase"))  # noqa: S314 - what the program wrote itself


def cells(found: Outcome) -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO(csv_report(found), newline="")))


def test_junit_has_a_case_a_room_with_why_it_failed_and_the_fix() -> None:
    root = ET.fromstring(junit_report(outcome(row(1), missed(2), not_rung(3), tag="hall"), at=START))  # noqa: S314
    suite = root.find("testsuite")
    assert suite is not None
    assert suite.attrib | {"time": ""} == {
        "name": "zoomcall.batch.hall",
        "tests": "3",
        "failures": "1",
        "errors": "0",
        "skipped": "1",
        "time": "",
        "timestamp": "2026-03-02T08:55:00",
    }
    joined, silent, left_out = suite.iter("testcase")
    assert joined.get("name") == "row 1: Room 1 into session abc=="
    assert joined.get("time") == "4.000"
    assert joined.find("failure") is None
    why = silent.find("failure")
    assert why is not None
    assert (why.get("type"), why.get("message")) == ("no-answer", "the room did not answer")
    assert "fix: Check that somebody can answer." in (why.text or "")
    assert left_out.find("skipped") is not None


def test_a_bad_row_has_failed_in_junit() -> None:
    (case,) = cases(junit_report(outcome(missed(7, room=None, target=None, name=None, exit_code=2)), at=START))
    assert case.get("name") == "row 7: row 7"
    assert case.find("failure") is not None


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_are_text_in_every_report(text: str) -> None:
    found = outcome(missed(1, name=text, note=text, tag=text), row(2), tag=text)
    assert len(cases(junit_report(found, at=START))) == 2
    first, second = cells(found)
    assert not first["name"].lstrip().startswith(("=", "+", "-", "@", "\t"))
    assert first["row"] == "1"
    assert second["row"] == "2"
    assert "\x1b" not in csv_report(found)
    assert metric(samples(metrics_report(found)), "zoomcall_batch_rows", tag=text) == 2


@pytest.mark.parametrize("start", ["=", "+", "-", "@", " =", "\t="])
def test_a_spreadsheet_calculates_no_cell(start: str) -> None:
    (cell,) = cells(outcome(row(1, name=f"{start}1+1")))
    assert cell["name"].startswith("'")
    assert cells(outcome(row(1, name="a-1")))[0]["name"] == "a-1"


def test_csv_has_the_same_columns_for_every_row() -> None:
    joined, silent, bad = cells(outcome(row(1), missed(2), missed(3, room=None, target=None)))
    assert list(joined) == list(silent) == list(bad) == list(COLUMNS)
    assert (joined["state"], joined["seconds"], joined["evidence"]) == ("joined", "4.000", "roster")
    assert joined["ringing_at"] == "2026-03-02T08:55:02.000Z"
    assert (silent["exit_name"], silent["ringing_at"], silent["fix"]) == (
        "no-answer",
        "",
        "Check that somebody can answer.",
    )
    assert bad["address"] == ""


def test_metrics_count_every_state_and_how_long_rooms_took_to_join() -> None:
    at = START
    slow = (
        TimelineEntry(State.ACCEPTED, at, "zoom"),
        TimelineEntry(State.JOINED, at + timedelta(seconds=400), "r"),
    )
    found = samples(metrics_report(outcome(row(1), row(2, timeline=slow), missed(3), total=5)))
    assert metric(found, "zoomcall_batch_calls", state="joined") == 2
    assert metric(found, "zoomcall_batch_calls", state="missed") == 1
    assert {dict(labels)["state"] for name, labels in found if name == "zoomcall_batch_calls"} == set(State)
    name = "zoomcall_batch_seconds_to_joined"
    assert [metric(found, f"{name}_bucket", le=bound) for bound in ("2.5", "5", "300", "+Inf")] == [0, 1, 1, 2]
    assert metric(found, f"{name}_count") == 2
    assert metric(found, f"{name}_sum") == 404
    assert metric(found, "zoomcall_batch_rows") == 5
    assert metric(found, "zoomcall_batch_start_timestamp_seconds") == START.timestamp()
    assert metric(found, "zoomcall_batch_end_timestamp_seconds") == START.timestamp() + 120


def test_a_run_that_was_cut_short_has_no_end_in_the_metrics() -> None:
    text = metrics_report(outcome(row(1), ended_at=None))
    assert "zoomcall_batch_start_timestamp_seconds" in text
    assert "zoomcall_batch_end_timestamp_seconds" not in text


def test_the_fix_is_that_of_the_likeliest_cause() -> None:
    assert fix_of(missed(1)) == "Check that somebody can answer."
    assert fix_of(row(1)) == ""
