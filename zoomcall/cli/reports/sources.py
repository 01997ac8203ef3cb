"""Reads what became of a batch: from its journal, its JSON, or its JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct, convert
from msgspec.structs import replace

from zoomcall.cli.answer import ErrorReport
from zoomcall.cli.render.json import error_of
from zoomcall.cli.reports.merging import merge
from zoomcall.cli.reports.outcome import Outcome
from zoomcall.cli.results.invite import InviteTarget, Reason, Room
from zoomcall.cli.results.report import ReportRow
from zoomcall.cli.run import Run
from zoomcall.domain.batch import KeptRow
from zoomcall.domain.call import exit_of
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.journal import CallRecord
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.text_files import utf8_of
from zoomcall.errors import NotConfigured, UsageError
from zoomcall.usecases.batching.resuming import report_of

_LARGEST = 1_000_000_000
_BATCHES = ("zoomcall.invite.batch/1", "zoomcall.report/1")  # no set: what is looked for may be no text
_LINE = "zoomcall.invite.batch.row/1"
_UNREADABLE = (msgspec.DecodeError, RecursionError)


class _Result(Struct, frozen=True, kw_only=True):
    """The part of a batch's or a report's result that a report needs."""

    rows: tuple[ReportRow, ...]
    total: int | None = None
    started_at: datetime | None = None
    ended_at: datetime | None = None


def read_outcome(run: Run, name: str) -> Outcome:
    """Read one file, or standard input for ``-``.

    Raises:
        UsageError: It cannot be read, or is not what a batch writes.
    """
    if name == "-":
        return _of_json(run.streams.read_stdin(_LARGEST), "standard input")
    path = Path(name)
    if run.wiring.has_journal(path):
        return _of_journal(run, path)
    return _of_json(run.wiring.input_file(path, most=_LARGEST), quoted(name))


def _of_json(data: bytes, name: str) -> Outcome:
    data = utf8_of(data)
    try:
        documents: list[Any] = [msgspec.json.decode(data)]
    except _UNREADABLE:
        documents = list(_lines(data, name))
    rows = [_row(each, name) for each in documents if isinstance(each, dict) and each.get("schema") == _LINE]
    outcomes = [Outcome(rows=(row,), total=1) for row in rows]
    for each in documents:
        if isinstance(each, dict) and each.get("schema") in _BATCHES and each.get("result") is not None:
            outcomes.append(_result(each["result"], name))
        elif not isinstance(each, dict) or each.get("schema") != _LINE:
            raise UsageError(
                f"{name} is not what a batch writes",
                fix="Name a journal, or what `invite batch` printed with -o json or -o jsonl.",
            )
    if not outcomes:
        raise UsageError(f"{name} is empty", fix="Name a journal, or what `invite batch` printed with -o json.")
    whole = [outcome for outcome in outcomes if outcome.started_at is not None]
    merged = merge(outcomes)
    return replace(merged, ended_at=max((each.ended_at for each in whole if each.ended_at), default=None))


def _lines(data: bytes, name: str) -> Iterator[Any]:
    """Yield the documents of lines; the last one may be cut off, as a run that was killed leaves it."""
    lines = data.splitlines()
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            yield msgspec.json.decode(line)
        except _UNREADABLE as error:
            if number == len(lines) and number > 1:
                return
            raise UsageError(f"line {number} of {name} is not JSON: {error}") from error


def _row(document: dict[str, Any], name: str) -> ReportRow:
    try:
        return convert(document, ReportRow)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name} has a row that cannot be read: {error}") from error


def _result(document: Any, name: str) -> Outcome:
    try:
        result = convert(document, _Result)
    except msgspec.ValidationError as error:
        raise UsageError(f"{name} has a result that cannot be read: {error}") from error
    total = len(result.rows) if result.total is None else result.total
    return Outcome(rows=result.rows, total=total, started_at=result.started_at, ended_at=result.ended_at)


def _of_journal(run: Run, path: Path) -> Outcome:
    """Read the newest run of a journal, with the calls that it left without a result."""
    journal = run.wiring.journal_to_report(path)
    kept = journal.runs.newest()
    if kept is None:
        raise UsageError(f"there is no batch in {quoted(str(path))}", fix="Name the --journal of a batch.")
    rows = _rows_of(journal.runs.rows(kept.id), journal.calls(), kept.started_at)
    return Outcome(
        rows=rows,
        total=max(kept.total, len(rows)),
        tag=kept.tag,
        started_at=kept.started_at,
        ended_at=kept.ended_at,
    )


def _rows_of(kept: Iterable[KeptRow], calls: Iterable[CallRecord], since: datetime) -> tuple[ReportRow, ...]:
    """Return the rows that ended, and the calls of this run that are newer than their row's result."""
    found: dict[tuple[str | None, ...], ReportRow] = {}
    for each in kept:
        try:
            row = msgspec.json.decode(each.document, type=ReportRow)
        except _UNREADABLE as error:
            raise NotConfigured(f"the journal has a row that cannot be read: {error}") from error
        target = None if row.target is None else row.target.id
        found[each.key.protocol, each.key.address, target] = row
    asked = set()
    for call in calls:
        key = (call.protocol, call.address, call.target.id)
        if call.at < since or key in asked:
            continue
        asked.add(key)
        before = found.get(key)
        if before is None:
            found[key] = _left_open(call)
        elif before.call_id is not None and before.call_id < call.id:
            row = _left_open(call)
            found[key] = replace(row, row=before.row, name=before.name, note=before.note, tag=before.tag)
    return tuple(found.values())


def _left_open(call: CallRecord) -> ReportRow:
    """Return a call without a result as a row: what the journal knows, and nothing more."""
    report = report_of(call)
    status = ExitStatus.PENDING if call.state.is_open else exit_of(call.state, call.reason)
    title = f"the run ended before it was known what became of the call to {call.shown}"
    why = ErrorReport(status=status, title=title, fix="Look at the room, or finish the run with --resume.")
    return ReportRow(
        row=None,
        exit_code=int(status),
        error=None if status is ExitStatus.OK else error_of(why),
        name=None,
        note=None,
        tag=None,
        attempts=1,
        call_id=call.id,
        target=InviteTarget(kind=call.target.api, id=call.target.id, name=call.target_name),
        room=Room(protocol=call.protocol, address=call.shown, name=None),
        http_status=call.http_status,
        sent=call.sent,
        state=report.state,
        evidence=call.evidence,
        reason=None if call.reason is None else Reason(code=call.reason.code, name=call.reason.name),
        participant_uuid=call.participant_uuid,
        timeline=tuple(report.timeline),
        earlier=None,
        removed=None,
    )
