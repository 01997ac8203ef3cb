"""Rows of a batch, made by hand, for the tests of reports."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from zoomcall.cli.render.json import Error
from zoomcall.cli.reports.outcome import Outcome
from zoomcall.cli.results.invite import InviteTarget, Room
from zoomcall.cli.results.report import ReportRow
from zoomcall.domain.address import Protocol
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State, TimelineEntry
from zoomcall.domain.cause import Cause, Certainty
from zoomcall.domain.target import Api

START = datetime(2026, 3, 2, 8, 55, tzinfo=UTC)
HOSTILE = (
    "</script><script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    '=HYPERLINK("http://example.com","x")',
    "{{ 7 * 7 }}{% raw %}",
    "]]><x>&amp;",
    "a\u202eb\x1b[31mc\nd",
    "<!--",
    "javascript:alert(1)",
    "@SUM(1)",
    "\\u003cscript>",
    "</style><svg onload=alert(1)>",
    "Ä'\u2028`${1}`",
)


def failure(exit_name: str, title: str, fix: str) -> Error:
    cause = Cause(id="room-silent", certainty=Certainty.LIKELY, evidence="nobody answered", fix=fix)
    nothing: dict[str, Any] = dict.fromkeys(Error.__struct_fields__)
    return Error(
        **{
            **nothing,
            "kind": exit_name,
            "title": title,
            "causes": (cause,),
            "checked": (),
            "retryable": True,
            "details": (),
        }
    )


def row(number: int | None, **changes: Any) -> ReportRow:
    """Return a row whose room rang a second after it was accepted, and joined three seconds later."""
    at = START + timedelta(seconds=number or 0)
    base: dict[str, Any] = {
        "row": number,
        "exit_code": 0,
        "error": None,
        "name": f"Room {number}",
        "note": None,
        "tag": None,
        "attempts": 1,
        "call_id": number,
        "target": InviteTarget(kind=Api.SESSION, id="abc==", name=None),
        "room": Room(protocol=Protocol.SIP, address=f"room{number}@example.com", name=None),
        "http_status": 204,
        "sent": Sent.YES,
        "state": State.JOINED,
        "evidence": Evidence(EvidenceSource.ROSTER, Match.EXACT),
        "reason": None,
        "participant_uuid": None,
        "earlier": None,
        "removed": None,
        "timeline": (
            TimelineEntry(State.ACCEPTED, at, "zoom"),
            TimelineEntry(State.RINGING, at + timedelta(seconds=1), "webhook-log"),
            TimelineEntry(State.JOINED, at + timedelta(seconds=4), "roster"),
        ),
    }
    return ReportRow(**{**base, **changes})


def missed(number: int, **changes: Any) -> ReportRow:
    """Return a row whose room did not answer within 30 seconds."""
    at = START + timedelta(seconds=number)
    error = failure("no-answer", "the room did not answer", "Check that somebody can answer.")
    timeline = (
        TimelineEntry(State.ACCEPTED, at, "zoom"),
        TimelineEntry(State.MISSED, at + timedelta(seconds=30), "webhook-log"),
    )
    return row(number, **{"exit_code": 21, "state": State.MISSED, "error": error, "timeline": timeline, **changes})


def not_rung(number: int, **changes: Any) -> ReportRow:
    """Return a row that was not rung any more."""
    error = failure("not-sent", "was not rung any more", "")
    silent = {"state": State.NOT_SENT, "sent": Sent.NO, "timeline": (), "evidence": None, "attempts": 0}
    return row(number, **{"exit_code": 28, "error": error, **silent, **changes})


def outcome(*rows: ReportRow, **changes: Any) -> Outcome:
    ended = START + timedelta(minutes=2)
    return Outcome(**{"rows": rows, "total": len(rows), "started_at": START, "ended_at": ended, **changes})
