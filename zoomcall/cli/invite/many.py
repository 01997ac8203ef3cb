"""Rings the rows of a batch, and reports on them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path

import msgspec
from msgspec import to_builtins
from msgspec.structs import asdict, replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.booked import booked
from zoomcall.cli.connection import Connection
from zoomcall.cli.failing import failure_report
from zoomcall.cli.interrupts import stop_in_steps
from zoomcall.cli.invite.batch_flags import BatchFlags
from zoomcall.cli.invite.batch_voice import BatchVoice, RowVoice
from zoomcall.cli.invite.flags import DEFAULT_TIMEOUT
from zoomcall.cli.invite.one import live_wait, opened_feeds, order_of, resolved, websocket_feeds
from zoomcall.cli.invite.telling import Telling
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.json import dumps, error_of
from zoomcall.cli.reports.kinds import asked_reports, write_what_can_be
from zoomcall.cli.reports.outcome import Outcome, report_rows
from zoomcall.cli.results.batch import BatchResult, BatchRowResult
from zoomcall.cli.results.invite import InviteResult
from zoomcall.cli.run import Run
from zoomcall.cli.settings import LONGEST_TIMEOUT
from zoomcall.cli.targets import target_of_flags, target_of_variables
from zoomcall.domain.address import Protocol
from zoomcall.domain.batch import BadRow, BatchRow, KeptRow, KeptRun, RunId, bad_rows, key_of
from zoomcall.domain.call import Sent, State
from zoomcall.domain.callout import parse_display_name
from zoomcall.domain.cause import Notice
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.journal import CallRecord, TargetKey
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api, ResolvedTarget, SessionNameTarget, SessionTarget, Target
from zoomcall.errors import NoSession, NotConfigured, UsageError, ZoomcallError, shortage_of
from zoomcall.usecases.batching.batch import Batch, RowReport, Terms
from zoomcall.usecases.batching.live import Doors
from zoomcall.usecases.batching.pacing import Pace
from zoomcall.usecases.batching.ports import RunJournal, Runs
from zoomcall.usecases.batching.reading import COLUMNS, Defaults, read_rows
from zoomcall.usecases.batching.resuming import report_of, resume
from zoomcall.usecases.call_history import ReadLog, log_of, once, settle
from zoomcall.usecases.dialing.dialler import Dialler
from zoomcall.usecases.dialing.going_live import LiveWait
from zoomcall.usecases.dialing.polling import Sighting
from zoomcall.usecases.dialing.report import CallReport, Unproven, blame
from zoomcall.usecases.dialing.signals import Feed
from zoomcall.usecases.dialing.stop import Stop
from zoomcall.usecases.whereabouts import ReadRoster

_LARGEST_INPUT = 100_000_000


def ring_all(run: Run, file: str, flags: BatchFlags) -> Answer:
    """Ring every row of a file."""
    started_at = run.now()
    flags.refuse_alone()
    reports = asked_reports(run, flags.report)
    rows, bad = _rows(run, file, flags)
    many = Many(run, flags, rows)
    with many.owning_up():
        if flags.is_dry:
            results = _dry_run(run, many, rows)
        else:
            many.open()
            with many.voice:
                results = list(many.ring())
        results.extend(map(_bad_result, bad))
        results.sort(key=lambda row: row.row)
        if reports and not flags.is_dry:
            rung = report_rows(results)
            outcome = Outcome(rows=rung, total=len(rung), tag=flags.tag, started_at=started_at, ended_at=run.now())
            write_what_can_be(run, reports, outcome)
        return _answer(run, flags, results, many, started_at)


def _rows(run: Run, file: str, flags: BatchFlags) -> tuple[list[BatchRow], list[BadRow]]:
    """Read the input; raise ``UsageError`` if it cannot be read or holds no row."""
    defaults = Defaults(
        target=target_of_flags(flags) or target_of_variables(run),
        timeout=_timeout(run, flags),
        from_name=None if flags.from_name is None else parse_display_name(flags.from_name, flag="--from-name"),
        to_name=None if flags.to_name is None else parse_display_name(flags.to_name, flag="--to-name"),
        parse_timeout=_duration,
        find_room=booked(run, flags.book),
    )
    rows: list[BatchRow] = []
    bad: list[BadRow] = []
    raw = run.wiring.batch_rows(_read(run, file), name=file, columns=COLUMNS)
    for each in read_rows(raw, defaults, tag=flags.tag, warn=run.notice):
        if isinstance(each, BadRow):
            bad.append(each)
        else:
            rows.append(each)
    if bad and not flags.are_bad_skipped:
        fix = "Correct them, or add --skip-bad to ring the others."
        raise bad_rows(bad, len(bad) + len(rows), "nothing was rung", fix=fix)
    if flags.tag is not None and not rows and not bad:
        raise UsageError(f"no row of {quoted(file)} has the tag {quoted(flags.tag)}")
    return [row for row in rows if flags.has(row.number)], [row for row in bad if flags.has(row.number)]


@lru_cache
def _duration(text: str, name: str) -> timedelta:
    return parse_duration(text, name=name, longest=LONGEST_TIMEOUT)


def _timeout(run: Run, flags: BatchFlags) -> timedelta:
    if flags.timeout is not None:
        return _duration(flags.timeout, "--timeout")
    return run.settings.timeout or DEFAULT_TIMEOUT


def _read(run: Run, file: str) -> bytes:
    if file == "-":
        return run.streams.read_stdin(_LARGEST_INPUT)
    return run.wiring.input_file(Path(file), most=_LARGEST_INPUT)


def _dry_run(run: Run, many: Many, rows: Iterable[BatchRow]) -> list[BatchRowResult]:
    """Return a result with its request for every row; only sessions' names are looked up."""
    results = []
    for row in rows:
        answer = Telling(run, row.callout, many.resolved(row.target)).dry_run()
        assert isinstance(answer.result, InviteResult)  # noqa: S101 - what Telling makes
        results.append(_with_row(answer.result, row, answer, attempts=0))
    return results


class Many:
    """What a batch needs of the world: a connection for each API, and the sessions behind names.

    Args:
        run: The run.
        flags: What was asked for.
        rows: What will be rung.

    Raises:
        UsageError: A flag is wrong.
    """

    def __init__(self, run: Run, flags: BatchFlags, rows: Sequence[BatchRow]) -> None:
        self._run = run
        self._flags = flags
        self._rows = rows
        self._terms = _terms(flags, rows)
        self._sessions: dict[str, ResolvedTarget | ZoomcallError] = {}
        self._connections: dict[Api, Connection] = {}
        self._diallers: dict[Api, Dialler] = {}
        self._results: dict[int, BatchRowResult] = {}
        self._forced: set[int] = set()
        self._waits: dict[str, LiveWait] = {}
        self._awaited: dict[str, Target] = {}
        self._runs: Runs | None = None
        self._run_id: RunId | None = None
        self.voice = BatchVoice(run, rows, keep=self.keep)
        self.sending, self.calls = Stop(), Stop()
        self.fatal: ZoomcallError | None = None

    @contextmanager
    def owning_up(self) -> Iterator[None]:
        """Let no failure that nobody foresaw deny that rooms were rung."""
        try:
            yield
        except ZoomcallError:
            raise
        except Exception as error:
            if not self._run.has_rung:
                raise
            shortage = shortage_of(error)
            why = blame(error) if shortage is None else f"({shortage.message})"
            fix = "Finish the run with --resume if it has a --journal; else look at `zoomcall call list`."
            raise Unproven(f"rooms were rung, but zoomcall itself failed {why}", fix=fix) from error

    def open(self) -> None:
        """Open a connection for every API that a row needs, and find the sessions that rows name.

        Raises:
            ZoomcallError: A credential is missing, or the only target is not live.
        """
        for api in dict.fromkeys(row.target.api for row in self._rows):
            self._flags.refuse_contradictions(api)
            connection = self._run.wiring.connect(api)
            connection.refuse_wrong_bearer(api)
            self._connections[api] = connection
        within = self._flags.wait_for_live
        for target in {key_of(row.target): row.target for row in self._rows}.values():
            if within is None:
                self._find(target)
            else:
                self._begin_wait(target, within)
        failures = [found for found in self._sessions.values() if isinstance(found, ZoomcallError)]
        if failures and self._terms.has_one_target and not self._waits:
            raise failures[0]

    def _begin_wait(self, target: Target, within: timedelta) -> None:
        """Begin to wait for a target, unless it is named and live already."""
        wait = live_wait(self._run, self._connections[target.api], target, self._saw, within)
        if isinstance(target, SessionNameTarget):
            try:
                found = wait.look()
            except (NoSession, UsageError) as error:
                self._sessions[target.name] = error
                return
            self._sessions[target.name] = found or wait.failure()  # unless it is live later
            if found is not None:
                return
        self._waits[key_of(target)] = wait
        self._awaited[key_of(target)] = target

    def _saw(self, target: TargetKey, sighting: Sighting) -> None:
        dialler = self._diallers.get(target.api)
        if dialler is not None:
            dialler.polls.saw(target, sighting)

    def _doors(self, rows: Sequence[BatchRow]) -> Doors | None:
        """Return what watches the targets that rows wait for; None if no row waits."""
        numbers = Counter(key_of(row.target) for row in rows)
        waits = {key: wait for key, wait in self._waits.items() if key in numbers}

        def found(key: str, target: ResolvedTarget) -> None:
            named = self._awaited[key]
            if isinstance(named, SessionNameTarget):
                self._sessions[named.name] = target
            self.voice.detail(f"{named} is live; ringing its rows")

        def tell(key: str, why: str) -> None:
            self.voice.is_not_live(self._awaited[key], why, numbers[key], waits[key].words)

        return Doors(waits, found=found, tell=tell, tick=self.voice.waits, sleep=time.sleep) if waits else None

    def _find(self, target: Target) -> None:
        if not isinstance(target, SessionNameTarget) or target.name in self._sessions:
            return
        try:
            self._sessions[target.name] = resolved(self._run, target)
        except (NoSession, UsageError) as error:
            self._sessions[target.name] = error

    def resolved(self, target: Target) -> ResolvedTarget:
        """Return a target after its name was looked up.

        Raises:
            ZoomcallError: No live session, or more than one, has the name.
        """
        if not isinstance(target, SessionNameTarget):
            return target
        self._find(target)
        found = self._sessions[target.name]
        if isinstance(found, ZoomcallError):
            raise found
        return found

    def ring(self) -> tuple[BatchRowResult, ...]:
        """Ring every row that needs it; return every row's document, and keep each in the run's journal."""
        flags, run = self._flags, self._run
        journal = self._journal()
        feeds = self._feeds()
        for api, connection in self._connections.items():
            self._diallers[api] = run.wiring.dialler(connection, journal, *feeds[api])
        kept = self._begin(journal)
        rows = [row for row in self._rows if row.number not in kept]
        pace = Pace(flags.calls_a_second, flags.burst, monotonic=time.monotonic)
        run.wiring.http.on_limit = pace.hold
        batch = Batch(
            self._terms,
            dial=self._dial,
            pace=pace,
            listener=self.voice,
            sending=self.sending,
            calls=self.calls,
            monotonic=time.monotonic,
            doors=self._doors(rows),
        )
        stop_in_steps(self.sending, self.calls)
        reports = batch.run(rows)
        self.fatal = batch.fatal
        if self._runs is not None and self._run_id is not None and not self.sending.is_set:
            try:
                self._runs.end(self._run_id, at=run.now())
            except ZoomcallError as error:  # every row is kept or told of, and stays what it is
                run.notice(Notice("journal-failed", f"cannot record the run's end: {error.message}"))
        return (*kept.values(), *(self._results[report.row.number] for report in reports))

    def _journal(self) -> RunJournal:
        held = next(iter(self._connections.values())).held

        def is_hurried() -> bool:
            return self.calls.is_set

        if self._flags.journal is not None:
            return self._run.wiring.journal_of_run(self._flags.journal, is_hurried)
        return self._run.wiring.journal(held, is_hurried)

    def _feeds(self) -> Mapping[Api, tuple[tuple[Feed, ...], tuple[str, ...]]]:
        """Open the sources of pushed events, once for every row, before anything is sent."""
        flags = self._flags
        shared = opened_feeds(self._run, flags)
        found = {}
        for api, connection in self._connections.items():
            missing: list[str] = []
            own = websocket_feeds(self._run, connection, flags, missing)
            found[api] = ((*own, *shared), tuple(missing))
        return found

    def _begin(self, journal: RunJournal) -> dict[int, BatchRowResult]:
        """Begin or resume a run in its journal; return the rows that are settled already."""
        flags, run = self._flags, self._run
        if flags.journal is None:
            return {}
        self._runs = runs = journal.runs
        before = runs.newest() if flags.is_resumed else None
        if flags.is_resumed and before is None:
            raise UsageError(f"there is no run to resume in {flags.journal}", fix="Leave --resume out.")
        if before is None:
            self._run_id = runs.begin(at=run.now(), tag=flags.tag, total=len(self._rows))
            return {}
        self._run_id = before.id
        return self._resumed(journal, before, runs.rows(before.id))

    def _resumed(
        self, journal: RunJournal, before: KeptRun, kept: tuple[KeptRow, ...]
    ) -> dict[int, BatchRowResult]:
        def calls_of(row: BatchRow) -> tuple[CallRecord, ...]:
            target = self._target_key(row)
            if target is None:
                return ()
            address = row.callout.address
            return journal.calls(target=target, room=(address.protocol, address.normalised))

        by_number = {row.number: row for row in self._rows}
        found: dict[int, BatchRowResult] = {}
        resumptions = resume(self._rows, kept, calls_of, before.started_at)
        left_open = (how.call.at for how in resumptions.values() if how.call is not None and how.call.state.is_open)
        looks = _Looks(self._run, self._connections, journal, since=min(left_open, default=before.started_at))
        for number, how in resumptions.items():
            row = by_number[number]
            if how.kept is not None:
                found[number] = replace(_kept_result(how.kept), row=number)
                continue
            assert how.call is not None  # noqa: S101 - a resumption is one of the two
            call = looks.look(how.call)
            if call.state.is_open and self._flags.is_unknown_retried:
                self._forced.add(number)
                continue
            if call.state.is_open or call.state is State.JOINED:
                found[number] = self.keep(RowReport(row=row, attempts=1, call=report_of(call)))
        return found

    def _target_key(self, row: BatchRow) -> TargetKey | None:
        try:
            target = self.resolved(row.target)
        except ZoomcallError:
            return None
        return TargetKey.of(target, self._connections[target.api].api_base)

    def keep(self, report: RowReport) -> BatchRowResult:
        """Make a row's document, and record it in the run's journal."""
        result = self._results[report.row.number] = self.result(report)
        if self._runs is not None and self._run_id is not None and report.call is not None:
            try:
                self._runs.keep(
                    self._run_id, report.row, state=result.state.value, document=dumps(result, is_line=True)
                )
            except ZoomcallError as error:
                self._run.notice(Notice("journal-failed", f"cannot record a row in the journal: {error.message}"))
        return result

    def _dial(self, row: BatchRow) -> CallReport:
        try:
            target = self.resolved(row.target)
        except ZoomcallError as error:
            return CallReport(failure=error)
        flags = self._flags
        connection = self._connections[target.api]
        order = order_of(flags, connection, target, row.callout, timeout=row.timeout)
        if row.number in self._forced:
            order = replace(order, is_forced=True)
        report = self._diallers[target.api].dial(order, RowVoice(self._run, row, self.voice), self.calls)
        self._run.has_rung = self._run.has_rung or report.sent is not Sent.NO
        return report

    def result(self, report: RowReport) -> BatchRowResult:
        """Return the document of a row."""
        row = report.row
        target = row.target
        found = self._sessions.get(target.name) if isinstance(target, SessionNameTarget) else None
        shown = found if isinstance(found, SessionTarget) else target
        telling = Telling(self._run, row.callout, shown, self._connections.get(target.api))
        answer = telling.answer(report.call or CallReport())
        if report.call is None:
            why = ErrorReport(
                status=ExitStatus.NOT_SENT, title=f"{row.callout.address.shown} was not rung any more"
            )
            answer = replace(answer, status=ExitStatus.NOT_SENT, error=why)
        assert isinstance(answer.result, InviteResult)  # noqa: S101 - what Telling makes
        return _with_row(answer.result, row, answer, attempts=report.attempts)


class _Looks:
    """Finds out how calls ended that an earlier run left open.

    A roster is read once a target, and the log once an API: it is the whole account's.
    """

    def __init__(
        self, run: Run, connections: Mapping[Api, Connection], journal: RunJournal, *, since: datetime
    ) -> None:
        self._run = run
        self._connections = connections
        self._journal = journal
        self._since = since
        self._now = run.now()
        self._rosters: dict[TargetKey, ReadRoster] = {}
        self._logs: dict[Api, ReadLog] = {}

    def look(self, call: CallRecord) -> CallRecord:
        """Return what is known of a call now."""
        if not call.state.is_open:
            return call

        def tell(error: ZoomcallError) -> None:
            self._run.notice(Notice("not-looked-up", f"call {call.id} could not be looked up: {error.message}"))

        zoom = self._connections[call.target.api].zoom
        roster = self._rosters.get(call.target)
        if roster is None:
            roster = self._rosters[call.target] = once(zoom, call.target)
        log = self._logs.get(call.target.api)
        if log is None:
            log = self._logs[call.target.api] = log_of(zoom, since=self._since, until=self._now, now=self._now)
        return settle(
            call,
            zoom=zoom,
            journal=self._journal,
            now=self._now,
            on_fault=tell,
            on_unkept=tell,
            roster=roster,
            log=log,
        )


def _kept_result(kept: KeptRow) -> BatchRowResult:
    """Return the document of a row that an earlier run kept."""
    try:
        return msgspec.json.decode(kept.document, type=BatchRowResult)
    except (msgspec.DecodeError, RecursionError) as error:
        raise NotConfigured(
            f"the journal's row of {kept.key.address} cannot be read: {error}",
            fix="Ring the rooms that are left in a run with another --journal.",
        ) from error


def _terms(flags: BatchFlags, rows: Sequence[BatchRow]) -> Terms:
    """Return how to ring; raise ``UsageError`` if a flag is wrong."""
    longest = flags.max_duration
    return Terms(
        parallel=flags.parallel,
        attempts=flags.attempts,
        retry_on=flags.states_to_retry,
        retry_delay=_duration(flags.retry_delay, "--retry-delay"),
        longest=None if longest is None else _duration(longest, "--max-duration"),
        has_one_target=len({key_of(row.target) for row in rows}) == 1,
    )


def _with_row(result: InviteResult, row: BatchRow, answer: Answer, *, attempts: int) -> BatchRowResult:
    return BatchRowResult(
        **asdict(result),
        row=row.number,
        exit_code=int(answer.status),
        error=None if answer.error is None else error_of(answer.error),
        name=row.name,
        note=row.note,
        tag=row.tag,
        attempts=attempts,
    )


def _bad_result(bad: BadRow) -> BatchRowResult:
    """Return the document of a row that ``--skip-bad`` left out."""
    why = ErrorReport(status=ExitStatus.USAGE, title=f"line {bad.line}: {bad.message}")
    return BatchRowResult(
        row=bad.number,
        exit_code=int(ExitStatus.USAGE),
        error=error_of(why),
        name=None,
        note=None,
        tag=None,
        attempts=0,
        call_id=None,
        target=None,
        room=None,
        http_status=None,
        sent=Sent.NO,
        state=State.NOT_SENT,
        evidence=None,
        reason=None,
        participant_uuid=None,
        timeline=(),
        earlier=None,
        removed=None,
    )


def _answer(run: Run, flags: BatchFlags, results: list[BatchRowResult], many: Many, started_at: datetime) -> Answer:
    totals = Counter(row.state.value for row in results)
    result = BatchResult(
        rows=tuple(results), totals=dict(sorted(totals.items())), started_at=started_at, ended_at=run.now()
    )
    words = ", ".join(f"{count} {state}" for state, count in totals.most_common())
    status, error = _verdict(run, many, results, words)
    raw = None
    if flags.is_dry:
        lines = (dumps({"row": row.row, **to_builtins(row.request)}, is_line=True) + "\n" for row in results)
        raw = "".join(lines)
    page: Page = (Line(f"{_counted(len(results), results)}: {words}", Tone.GOOD if error is None else Tone.BAD),)
    return Answer(page=page, raw=raw, result=result, status=status, error=error)


def _verdict(
    run: Run, many: Many, results: Sequence[BatchRowResult], words: str
) -> tuple[ExitStatus, ErrorReport | None]:
    """Return how the run ended; the code of what ended it early, unless a room rang, which that code would deny."""
    failed = sum(row.exit_code != 0 for row in results)
    dialled = _what_rings(results)
    if many.fatal is not None and not any(row.sent is not Sent.NO for row in results):
        report = failure_report(many.fatal, run.facts)
        return report.status, replace(report, dialled=dialled)
    if many.sending.is_set:
        status = ExitStatus.TERMINATED if many.sending.is_terminated else ExitStatus.INTERRUPTED
        return status, ErrorReport(status=status, title=f"{status.word}: {words}", dialled=dialled)
    if failed == 0:
        return ExitStatus.OK, None
    status = ExitStatus.BATCH_ALL if failed == len(results) else ExitStatus.BATCH_SOME
    why = "" if many.fatal is None else f"; the run ended early: {many.fatal.message}"
    return status, ErrorReport(
        status=status,
        title=f"{failed} of {_counted(len(results), results)} did not join: {words}{why}",
        fix="Read each row's cause and fix in --json, or on the page of --report html=FILE.",
        doc=f"explain exit:{int(status)}",
        dialled=dialled,
    )


def _noun(results: Sequence[BatchRowResult]) -> str:
    """Return what the rows of a run rang: rooms, unless all of them were phones."""
    nouns = {row.room.protocol.noun for row in results if row.room is not None}
    return nouns.pop() if len(nouns) == 1 else Protocol.SIP.noun


def _counted(count: int, results: Sequence[BatchRowResult]) -> str:
    return f"{count} {_noun(results)}{'' if count == 1 else 's'}"


def _what_rings(results: Sequence[BatchRowResult]) -> str:
    """Return in one sentence what may ring because of a run."""
    at_rest = {State.WAITING_ROOM}  # open, but answered
    ringing = sum(row.sent is not Sent.NO and row.state.is_open and row.state not in at_rest for row in results)
    if ringing:
        return f"{_counted(ringing, results)} may still be ringing; Zoom has no way to cancel that."
    if any(row.sent is not Sent.NO for row in results):
        return f"No {_noun(results)} is ringing any more."
    return "Nothing rings because of this command."
