"""``zoomcall room check``: say of rooms what can be said without ringing them."""

import ipaddress
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table, Tone
from zoomcall.cli.render.junit import JUnitCase, junit
from zoomcall.cli.results.room_check import (
    CheckedRoom,
    RoomCertificate,
    RoomCheck,
    RoomCheckResult,
    RoomDnsRecord,
    RoomSipAnswer,
    RoomZoomState,
)
from zoomcall.cli.room.changes import BookFlags, counted
from zoomcall.cli.room.sync import account_of
from zoomcall.cli.run import Run
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.room import Book, BookEntry
from zoomcall.domain.room_probe import SipReply, TlsSight
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import NotConfigured, UsageError, WrongCredential, ZoomcallError
from zoomcall.usecases.checking.verdicts import CheckStatus
from zoomcall.usecases.room_checking.checkup import Checker, StateReader, check_rooms
from zoomcall.usecases.room_checking.locating import needs_names
from zoomcall.usecases.room_checking.verdicts import RoomReport, RoomVerdict, Subject
from zoomcall.usecases.rooms import entry_of

app = typer.Typer()

NOTE = (
    "Checked from this machine. Zoom rings from its cloud, for which firewalls and DNS may differ: only an invite "
    "shows whether Zoom gets through."
)
_SUITE = "zoomcall.room.check"
_LONGEST = timedelta(minutes=5)
_MOST_AT_ONCE = 100
_MOST_IN_FULL = 3
_DNS_PORT = 53
_LARGEST_PORT = 65535
_TONES = {
    CheckStatus.OK: Tone.GOOD,
    CheckStatus.WARNING: Tone.WARNING,
    CheckStatus.FAILED: Tone.BAD,
    CheckStatus.SKIPPED: Tone.DIM,
}

_ORDER = (CheckStatus.FAILED, CheckStatus.WARNING, CheckStatus.OK, CheckStatus.SKIPPED)


class CheckFlags(BookFlags, frozen=True, kw_only=True):
    """Which rooms, and how."""

    tag: Annotated[str | None, typer.Option(metavar="TAG", help="Check the rooms with this tag.")] = None
    is_all: Annotated[bool, typer.Option("--all", help="Check every room of the book.")] = False
    timeout: Annotated[
        str, typer.Option(metavar="DURATION", help="How long one room may take, in seconds or like 30s.")
    ] = "10s"
    parallel: Annotated[int, typer.Option(metavar="N", help="How many rooms to check at the same time.")] = 20
    dns: Annotated[
        str | None,
        typer.Option(metavar="IP[:PORT]", help="Ask this DNS server, such as a public one, not the system's."),
    ] = None
    is_zoom_off: Annotated[bool, typer.Option("--no-zoom", help="Do not ask Zoom for the rooms' state.")] = False
    junit: Annotated[Path | None, typer.Option(metavar="FILE", help="Also write a JUnit XML report.")] = None


@command(
    app,
    "check",
    CommandSpec(schema="zoomcall.room.check/1"),
    examples=(
        "zoomcall room check 'Board room'",
        "zoomcall room check room@example.com 203.0.113.10",
        "zoomcall room check --all --junit rooms.xml",
        "zoomcall room check --tag berlin --dns 9.9.9.9",
    ),
)
def check(
    run: Run,
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME|ADDRESS]...", help="Names in the book, or addresses.")
    ] = None,
    *,
    flags: CheckFlags,
) -> Answer:
    """Check rooms without ringing them: address, DNS, ports, certificate, SIP OPTIONS, and their state at Zoom.

    Nothing rings. A name that does not resolve is exit 22, a room where nothing answers 23; of several rooms the
    exit code is that of the first that failed. Zoom rings from its cloud and not from here, so what answers here
    may be closed to Zoom. Names need the extra sip.
    """
    limit = parse_duration(flags.timeout, name="--timeout", longest=_LONGEST)
    server = None if flags.dns is None else _dns_server(flags.dns)
    if not 1 <= flags.parallel <= _MOST_AT_ONCE:
        raise UsageError(f"--parallel must be between 1 and {_MOST_AT_ONCE}, not {flags.parallel}")
    if flags.junit == Path("-"):
        raise UsageError("--junit - is not a file", fix="Name one; stdout has the answer.")
    subjects = _subjects(run, names or [], flags)
    if flags.junit is not None:
        run.wiring.check_report_place(flags.junit)
    has_names = any(isinstance(each.address, RoomAddress) and needs_names(each.address) for each in subjects)
    checker = Checker(
        names=run.wiring.names(server) if has_names else None,
        prober=run.wiring.room_probe,
        ask_zoom=None if flags.is_zoom_off else _states(run, subjects),
        now=run.wiring.now,
        limit=limit,
    )
    reports = _check_all(run, checker, subjects, flags.parallel)
    if flags.junit is not None:
        run.wiring.write_report(flags.junit, junit(_SUITE, [_case(report) for report in reports], at=run.now()))
    failure = next((report for report in reports if report.exit_status is not ExitStatus.OK), None)
    return Answer(
        page=_page(reports, is_verbose=run.options.is_verbose),
        result=RoomCheckResult(rooms=tuple(map(_result, reports)), note=NOTE),
        status=ExitStatus.OK if failure is None else failure.exit_status,
        error=None if failure is None else _error(failure),
    )


def _check_all(run: Run, checker: Checker, subjects: Sequence[Subject], parallel: int) -> tuple[RoomReport, ...]:
    from zoomcall.cli.render.progress import Progress

    is_person = run.streams.is_stderr_terminal and not run.output.is_document and not run.options.is_quiet
    progress = Progress(run.streams, is_shown=is_person)
    statuses: Counter[CheckStatus] = Counter()

    def tell(report: RoomReport) -> None:
        statuses[report.status] += 1
        progress.tell(f"{statuses.total()} of {counted(len(subjects), 'room')} checked{_totals(statuses)}")

    progress.tell(f"checking {counted(len(subjects), 'room')}")
    try:
        return check_rooms(subjects, checker.check, parallel=parallel, tell=tell)
    finally:
        progress.clear()


def _totals(statuses: Counter[CheckStatus]) -> str:
    return "".join(f", {statuses[each]} {each}" for each in CheckStatus if statuses[each])


def _subjects(run: Run, names: Sequence[str], flags: CheckFlags) -> tuple[Subject, ...]:
    """Find the rooms.

    Raises:
        UsageError: None or too much was named, or a name or address cannot be used.
    """
    if sum((bool(names), flags.tag is not None, flags.is_all)) != 1:
        raise UsageError(
            "nothing says which rooms to check"
            if not names and flags.tag is None
            else "rooms are named in two ways",
            fix="Give names or addresses, or --tag TAG, or --all.",
        )
    book = run.wiring.book(flags.book).read()
    if names:
        found = [_subject(name, book) for name in names]
    else:
        entries = [entry for entry in book.entries if flags.tag is None or flags.tag in entry.tags]
        found = [_of_entry(entry) for entry in entries]
        if flags.is_all:
            found += [Subject(name=name, flaw=why) for name, why in book.broken.items()]
    if not found:
        raise UsageError(
            f"the address book {book.place} is empty" if flags.is_all else f"no room is tagged {flags.tag}",
            fix="Add rooms with zoomcall room add, import or sync.",
        )
    return tuple(dict.fromkeys(found))


def _subject(text: str, book: Book) -> Subject:
    entry = book.find(text)
    is_address = any(mark in text for mark in ".@:#") or text.strip("+ ").isdigit()
    if entry is not None or text.startswith("@") or book.problem_of(text) is not None or not is_address:
        return _of_entry(entry_of(book, text))
    lower = text.lower()
    if lower.startswith("h323:") or "##" in text:
        protocols: tuple[Protocol, ...] = (Protocol.H323,)
    elif "@" in text or lower.startswith(("sip:", "sips:")):
        protocols = (Protocol.SIP,)
    else:
        protocols = (Protocol.SIP, Protocol.H323)
    return Subject(address=RoomAddress.parse_typed(protocols[0], text), protocols=protocols)


def _of_entry(entry: BookEntry) -> Subject:
    return Subject(name=entry.name, address=entry.address, protocols=(entry.protocol,), entry=entry)


def _dns_server(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":") if text.count(":") == 1 or text.startswith("[") else (text, "", "")
    if text.endswith("]"):
        host, colon, port = text, "", ""
    try:
        number = int(port) if colon else _DNS_PORT
        ip = str(ipaddress.ip_address(host.strip("[]")))
    except ValueError:
        number, ip = 0, ""
    if not 1 <= number <= _LARGEST_PORT:
        raise UsageError(
            f"--dns {quoted(text)} is not an IP address with or without a port", fix="Write it like 9.9.9.9."
        )
    return ip, number


def _states(run: Run, subjects: Sequence[Subject]) -> StateReader | None:
    """Return what asks Zoom, if a credential for meetings is there."""
    if not any(isinstance(subject.address, RoomAddress) for subject in subjects):
        return None
    from zoomcall.usecases.explaining import explain_failure
    from zoomcall.usecases.room_checking.zoom_states import ZoomStates, no_states

    try:
        connection = run.wiring.connect(Api.MEETING)
        connection.refuse_wrong_bearer(Api.MEETING)
    except (NotConfigured, WrongCredential) as error:
        if run.options.profile is not None:
            raise
        return no_states(f"not asked: {error.message}")

    def explain(error: ZoomcallError) -> str:
        explained = explain_failure(error, connection.facts)
        return explained.title + "".join(f" ({each.certainty}: {each.id})" for each in explained.causes[:1])

    return ZoomStates(connection.zoom, account=account_of(connection.held), explain=explain)


def _page(reports: Sequence[RoomReport], *, is_verbose: bool) -> Page:
    lines: list[Line | Table] = []
    if len(reports) <= _MOST_IN_FULL:
        for report in reports:
            lines += _in_full(report, is_verbose=is_verbose)
    else:
        worst_first = sorted(reports, key=lambda report: _ORDER.index(report.status))
        rows = ((report.status.value, report.subject.shown, _gist(report)) for report in worst_first)
        lines.append(Table(("STATUS", "ROOM", "SEEN"), tuple(rows)))
    if len(reports) > 1:
        statuses = Counter(report.status for report in reports)
        lines.append(Line(f"{counted(len(reports), 'room')}{_totals(statuses)}", Tone.TITLE))
    return (*lines, Line(NOTE, Tone.DIM))


def _in_full(report: RoomReport, *, is_verbose: bool) -> Iterator[Line]:
    subject = report.subject
    where = f" ({subject.address.shown})" if subject.name is not None and subject.address is not None else ""
    yield Line(f"{subject.shown}{where}", Tone.TITLE)
    fixes: set[str] = set()
    for each in report.checks:
        if each.is_aside and not is_verbose:
            continue
        is_idle = each.status is CheckStatus.FAILED and not each.is_required and report.exit_status is ExitStatus.OK
        word = "closed" if is_idle else each.status.value
        yield Line(f"{word}, {each.detail}", Tone.DIM if is_idle else _TONES[each.status], label=each.id)
        if each.fix and not is_idle and each.fix not in fixes:
            fixes.add(each.fix)
            yield Line(f"fix: {each.fix}", indent=4)


def _gist(report: RoomReport) -> str:
    worst = report.worst
    if report.exit_status is ExitStatus.UNREACHABLE:
        return f"nothing answers ({', '.join(_silence(report))}){_aside(report)}"
    if worst is not None:
        return worst.detail
    fine = [each for each in report.checks if each.status is CheckStatus.OK]
    probes = [each for each in fine if each.probed is not None]
    return (probes or fine or list(report.checks))[0].detail


def _aside(report: RoomReport) -> str:
    return "; its address is private" if report.is_private else ""


def _silence(report: RoomReport) -> dict[str, list[str]]:
    """Return the places where nothing answers, by why."""
    places: dict[str, list[str]] = {}
    for each in report.checks:
        if each.probed is not None and each.probed.failure is not None:
            places.setdefault(each.probed.failure, []).append(f"{each.id} {each.probed.spot.place}")
    return places


def _error(report: RoomReport) -> ErrorReport:
    worst, detail = report.worst, _gist(report)
    if report.exit_status is ExitStatus.UNREACHABLE:
        silence = (f"{why}: {', '.join(places)}" for why, places in _silence(report).items())
        detail = f"nothing answers ({'; '.join(silence)}){_aside(report)}"
    return ErrorReport(
        status=report.exit_status,
        title=f"{report.subject.shown}: {detail}",
        fix=None if worst is None else worst.fix,
    )


def _case(report: RoomReport) -> JUnitCase:
    failed = report.exit_status is not ExitStatus.OK
    lines = [
        f"{each.id}: {each.status}, {each.detail}" + (f"\n  fix: {each.fix}" if each.fix else "")
        for each in report.checks
    ]
    return JUnitCase(
        name=report.subject.shown,
        seconds=report.seconds,
        failure=_error(report).title if failed else None,
        failure_kind=report.exit_status.word if failed else "",
        skipped=_gist(report) if report.status is CheckStatus.SKIPPED else None,
        output="\n".join((*lines, NOTE)),
    )


def _result(report: RoomReport) -> CheckedRoom:
    subject, state = report.subject, report.state
    return CheckedRoom(
        name=subject.name,
        address=None if subject.address is None else subject.address.shown,
        protocols=subject.protocols,
        is_private=report.is_private,
        status=report.status,
        exit_code=int(report.exit_status),
        seconds=round(report.seconds, 3),
        checks=tuple(map(_check_result, report.checks)),
        records=tuple(RoomDnsRecord(name=each.owner, type=each.type, data=each.text) for each in report.records),
        state=None
        if state is None
        else RoomZoomState(connection_status=state.connection, sip_status=state.sip, call_status=state.call),
    )


def _check_result(verdict: RoomVerdict) -> RoomCheck:
    probed = verdict.probed
    return RoomCheck(
        id=verdict.id,
        place=None if probed is None else probed.spot.place,
        status=verdict.status,
        required=verdict.is_required,
        seconds=round(verdict.seconds, 3),
        detail=verdict.detail,
        fix=verdict.fix,
        sip=None if probed is None or probed.reply is None else _answer(probed.reply),
        tls=None if probed is None or probed.tls is None else _certificate(probed.tls),
    )


def _answer(reply: SipReply) -> RoomSipAnswer:
    return RoomSipAnswer(status=reply.status, reason=reply.reason, server=reply.server)


def _certificate(sight: TlsSight) -> RoomCertificate:
    seen = sight.certificate
    return RoomCertificate(
        protocol=seen.protocol,
        issuer=seen.issuer,
        names=sight.names,
        expires_at=seen.expires_at,
        flaws=sight.flaws,
    )
