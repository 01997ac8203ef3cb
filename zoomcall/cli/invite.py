"""``zoomcall invite``: ring a room and report what became of the call."""

import re
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec import Struct
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.failing import report as explain
from zoomcall.cli.render.json import dumps
from zoomcall.cli.render.page import Line, Page, Tone
from zoomcall.cli.render.progress import Progress
from zoomcall.cli.run import CommandSpec, OutputFormat, Run
from zoomcall.cli.settings import parse_seconds
from zoomcall.cli.shell_line import callout_line, mint_line
from zoomcall.cli.targets import chosen_target
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import host_of, is_loopback
from zoomcall.domain.call import Evidence, EvidenceSource, Match, Sent, State, TimelineEntry, exit_of
from zoomcall.domain.callout import (
    Callout,
    CalloutRequest,
    parse_display_name,
    parse_from_uri,
    parse_headers,
)
from zoomcall.domain.cause import Notice
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.target import (
    Api,
    MeetingTarget,
    ResolvedTarget,
    SessionNameTarget,
    SessionTarget,
    Target,
)
from zoomcall.errors import Interrupted, Terminated, UsageError, ZoomcallError
from zoomcall.knowledge.facts import RequestFacts
from zoomcall.usecases.dialing.call import CallReport, Unproven, dial, interrupted_early
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Feed, Patrols
from zoomcall.usecases.explaining import causes_of_outcome, doc_of_outcome

app = typer.Typer(help="Ring a room system into a session or meeting, and report what became of the call.")

SPEC = CommandSpec(schema="zoomcall.invite/1", has_json_lines=True)
DEFAULT_TIMEOUT = timedelta(seconds=90)


class EvidenceChoice(StrEnum):
    """``--evidence``: every source that can be had, or one."""

    AUTO = "auto"
    ROSTER = "roster"
    WEBHOOK_LOG = "webhook-log"
    WEBHOOK = "webhook"
    WEBSOCKET = "websocket"

    @property
    def sources(self) -> frozenset[EvidenceSource]:
        """The sources it allows."""
        return frozenset(EvidenceSource) if self is EvidenceChoice.AUTO else frozenset({EvidenceSource(self.value)})


class OnTimeout(StrEnum):
    """``--on-timeout``."""

    LEAVE = "leave"
    REMOVE = "remove"


class InviteFlags(Struct, frozen=True, kw_only=True):
    """The flags that every kind of invite has."""

    session: Annotated[str | None, typer.Option(metavar="ID", help="Video SDK session, by id.")] = None
    session_name: Annotated[str | None, typer.Option(metavar="NAME", help="Live Video SDK session, by name.")] = (
        None
    )
    meeting: Annotated[str | None, typer.Option(metavar="NUMBER", help="Zoom meeting, by number or join link.")] = (
        None
    )
    from_name: Annotated[str | None, typer.Option(metavar="NAME", help="Caller's name on the room's screen.")] = (
        None
    )
    to_name: Annotated[str | None, typer.Option(metavar="NAME", help="Room's name in the session.")] = None
    is_waiting: Annotated[
        bool, typer.Option("--wait/--no-wait", help="Wait until the outcome is proven, or leave it at Zoom's 202.")
    ] = True
    timeout: Annotated[
        str | None,
        typer.Option(
            metavar="SECONDS", help="How long to wait, from Zoom's answer; 90 unless set.", show_default=False
        ),
    ] = None
    evidence: Annotated[EvidenceChoice, typer.Option(help="What may prove the outcome.")] = EvidenceChoice.AUTO
    events: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Follow the events that `webhook serve --record FILE` takes."),
    ] = None
    listen: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="Receive Zoom's webhooks there while the call lasts.")
    ] = None
    on_timeout: Annotated[
        OnTimeout, typer.Option(help="Leave a room that joins late, or remove it (sessions only).")
    ] = OnTimeout.LEAVE
    is_preflight_off: Annotated[
        bool, typer.Option("--no-preflight", help="Send even if the session seems empty or not live.")
    ] = False
    is_forced: Annotated[bool, typer.Option("--force", help="Ring though an earlier call may still ring.")] = False
    is_dry: Annotated[bool, typer.Option("--dry-run", help="Print the request and send nothing.")] = False
    is_curl: Annotated[
        bool, typer.Option("--curl", help="Print a shell line that sends the request with curl.")
    ] = False


@command(
    app,
    "sip",
    SPEC,
    examples=(
        "zoomcall invite sip room@example.com --session ID",
        "zoomcall invite sip room@example.com --session-name Standup --to-name 'Board room'",
        "zoomcall invite sip room@example.com --meeting '840 9807 7904' --json",
        "zoomcall invite sip room@example.com --session ID --header X-Ref=42 --dry-run",
    ),
)
def sip(
    run: Run,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The room, like room@example.com.")],
    flags: InviteFlags,
    from_uri: Annotated[str | None, typer.Option(metavar="URI", help="Caller's SIP URI.")] = None,
    header: Annotated[
        list[str] | None, typer.Option(metavar="K=V", help="SIP header for the room; repeatable, up to ten.")
    ] = None,
) -> Answer:
    """Ring a SIP room and report what became of the call.

    Exit 0 means that the room joined, never that Zoom merely accepted the request.
    """
    callout = Callout(
        address=RoomAddress.parse(Protocol.SIP, address),
        from_uri=None if from_uri is None else parse_from_uri(from_uri),
        headers=parse_headers(tuple(header or ())),
    )
    return invite(run, callout, flags)


@command(
    app,
    "h323",
    SPEC,
    examples=(
        "zoomcall invite h323 203.0.113.10 --session ID",
        "zoomcall invite h323 203.0.113.10 --meeting 84098077904 --no-wait",
    ),
)
def h323(
    run: Run,
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="The room, like 203.0.113.10.")],
    flags: InviteFlags,
) -> Answer:
    """Ring an H.323 room and report what became of the call.

    Exit 0 means that the room joined, never that Zoom merely accepted the request.
    """
    return invite(run, Callout(address=RoomAddress.parse(Protocol.H323, address)), flags)


def invite(run: Run, callout: Callout, flags: InviteFlags) -> Answer:
    """Ring one room: what all kinds of invite share."""
    callout = replace(
        callout,
        from_name=None if flags.from_name is None else parse_display_name(flags.from_name, flag="--from-name"),
        to_name=None if flags.to_name is None else parse_display_name(flags.to_name, flag="--to-name"),
    )
    target = chosen_target(run, flags)
    timeout = _timeout(run, flags)
    _require_api_for(flags, target)
    _require_events_for(flags)
    place = None if flags.listen is None else _parse_place(flags.listen)
    run.notice_all(_address_notices(run, callout))
    run.notice_all(_session_id_notices(target))
    plan = _Plan(run, callout, target)
    patience = run.now() + timeout
    try:
        resolved = _resolve(run, target, patience)
        plan = replace(plan, target=resolved)
        if flags.is_curl or flags.is_dry:
            return plan.curl(mint_line(resolved.api, run.options.profile)) if flags.is_curl else plan.dry_run()
        run.learn(api=resolved.api, request=_request_facts(run, CalloutRequest(resolved, callout)))
        held = run.wiring.credential_for(resolved.api)
        run.wiring.refuse_wrong_bearer(resolved.api)
        run.wiring.token(resolved.api, deadline=patience)
        zoom = run.wiring.zoom
        journal = run.wiring.journal()
        missing: list[str] = []
        feeds = _feeds(run, flags, place, resolved, missing)
    except UsageError:
        raise
    except ZoomcallError as error:
        return plan.answer(CallReport(failure=error))
    except KeyboardInterrupt as error:
        return plan.answer(CallReport(failure=interrupted_early(is_terminated=isinstance(error, Terminated))))
    order = DialOrder(
        target=resolved,
        callout=callout,
        api_base=run.wiring.api_base,
        profile=held.profile,
        timeout=timeout,
        is_waiting=flags.is_waiting,
        is_preflight_off=flags.is_preflight_off,
        is_forced=flags.is_forced,
        patience=patience,
        evidence=flags.evidence.sources,
        is_late_joiner_removed=flags.on_timeout is OnTimeout.REMOVE,
    )
    listener = _Listener(run)
    try:
        report = dial(
            order,
            zoom=zoom,
            journal=journal,
            patrols=Patrols(),
            feeds=feeds,
            missing=missing,
            now=run.now,
            listener=listener,
        )
    finally:
        listener.close()
    return plan.answer(report)


def _require_api_for(flags: InviteFlags, target: Target) -> None:
    """Refuse what Zoom has for Video SDK sessions alone, or for meetings alone."""
    if target.api is Api.SESSION:
        if flags.evidence is EvidenceChoice.WEBSOCKET:
            raise UsageError(
                "--evidence websocket: Zoom's websockets carry the events of meetings;"
                " the Video SDK is not among the products that it lists for them"
            )
        return
    if flags.on_timeout is OnTimeout.REMOVE:
        raise UsageError(
            "--on-timeout remove: Zoom's REST can remove a participant from a session, not from a meeting"
        )
    if flags.evidence is EvidenceChoice.WEBHOOK_LOG:
        raise UsageError("--evidence webhook-log: Zoom keeps that log for Video SDK sessions, not for meetings")


def _require_events_for(flags: InviteFlags) -> None:
    is_fed = flags.events is not None or flags.listen is not None
    if flags.evidence is EvidenceChoice.WEBHOOK and not is_fed:
        raise UsageError(
            "--evidence webhook needs events to come from somewhere",
            fix="Give --events FILE or --listen HOST:PORT.",
        )
    if is_fed and flags.evidence not in {EvidenceChoice.AUTO, EvidenceChoice.WEBHOOK}:
        flag = "--listen" if flags.events is None else "--events"
        raise UsageError(f"{flag} and --evidence {flags.evidence} contradict each other")
    if is_fed and not flags.is_waiting:
        raise UsageError("--no-wait leaves before any event can come; leave out --events and --listen")


def _feeds(
    run: Run,
    flags: InviteFlags,
    place: tuple[str, int] | None,
    target: ResolvedTarget,
    missing: list[str],
) -> tuple[Feed, ...]:
    """Open what events come from, before anything is sent; what cannot be had is added to ``missing``."""
    feeds: list[Feed] = []
    if target.api is Api.MEETING and flags.is_waiting and EvidenceSource.WEBSOCKET in flags.evidence.sources:
        feeds.extend(_websocket(run, missing, is_needed=flags.evidence is EvidenceChoice.WEBSOCKET))
    if flags.events is not None:
        feeds.append(run.wiring.followed_events(flags.events))
    if place is not None:
        feeds.append(run.wiring.received_events(*place))
    return tuple(feeds)


def _websocket(run: Run, missing: list[str], *, is_needed: bool) -> tuple[Feed, ...]:
    """Connect to Zoom's websocket, if a subscription is known; without it the call goes on all the same."""
    subscription = run.wiring.websocket_subscription
    if subscription is None:
        if not is_needed:
            return ()
        raise UsageError(
            "--evidence websocket needs the id of a websocket event subscription",
            fix="Set ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID, or store it: zoomcall auth login --kind s2s"
            " --websocket-subscription-id ID.",
        )
    try:
        return (run.wiring.websocket_events(subscription),)
    except ZoomcallError as error:
        if is_needed and isinstance(error, UsageError):
            raise
        fix = "" if error.fix is None else f" ({error.fix})"
        missing.append(f"no events come by websocket: {error.message}{fix}")
        return ()


def _parse_place(text: str) -> tuple[str, int]:
    match = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\s\[\]]+):([0-9]{1,5})", text)
    if match is None or int(match[2]) > 65535:
        raise UsageError(f"--listen {text[:80]!r} is no HOST:PORT", fix="Write it like 127.0.0.1:8080.")
    return match[1].strip("[]"), int(match[2])


def _timeout(run: Run, flags: InviteFlags) -> timedelta:
    if flags.timeout is not None:
        return parse_seconds(flags.timeout, name="--timeout")
    return run.settings.timeout or DEFAULT_TIMEOUT


def _address_notices(run: Run, callout: Callout) -> tuple[Notice, ...]:
    """Give the callout's warnings; that a room on loopback is private is news to no local Zoom."""
    ip = callout.address.ip
    if ip is not None and ip.is_loopback and is_loopback(host_of(run.wiring.api_base)):
        return tuple(notice for notice in callout.warnings if notice.id != "private-address")
    return callout.warnings


def _session_id_notices(target: Target) -> tuple[Notice, ...]:
    if isinstance(target, SessionTarget) and "%" in target.id:
        return (
            Notice(
                "session-id-encoding",
                f"the session id {target.id} looks percent-encoded already; give it as Zoom prints it",
            ),
        )
    return ()


def _resolve(run: Run, target: Target, deadline: datetime) -> ResolvedTarget:
    if isinstance(target, SessionNameTarget):
        return run.wiring.session_named(target, deadline=deadline)
    return target


def _request_facts(run: Run, request: CalloutRequest) -> RequestFacts:
    return RequestFacts(
        method=request.method,
        url=run.wiring.api_base + request.path,
        headers=(("Content-Type", "application/json"),),
        body=dumps(request.shown_body, is_line=True),
    )


class _Plan(Struct, frozen=True):
    """What is asked for, so that every answer can tell it."""

    run: Run
    callout: Callout
    target: Target

    def _result(self, report: CallReport, **more: Any) -> dict[str, Any]:
        address = self.callout.address
        participant = report.participant
        return {
            "target": _target_json(self.target),
            "room": {"protocol": address.protocol.value, "address": address.shown, "name": None},
            "http_status": report.http_status,
            "sent": report.sent.value,
            "state": report.state.value,
            "evidence": None
            if report.evidence is None
            else {"source": report.evidence.source.value, "match": report.evidence.match.value},
            "reason": None if report.reason is None else {"code": report.reason.code, "name": report.reason.name},
            "participant_uuid": None if participant is None else participant.uuid,
            "timeline": [entry_json(entry) for entry in report.timeline],
            "removed": report.is_removed,
            **more,
        }

    def _request(self) -> CalloutRequest:
        assert not isinstance(self.target, SessionNameTarget)  # noqa: S101 - it was looked up before
        return CalloutRequest(self.target, self.callout)

    def _url(self) -> str:
        return self.run.wiring.api_base + self._request().path

    def dry_run(self) -> Answer:
        """Give the request, unsent."""
        request = {
            "method": "PATCH",
            "url": self._url(),
            "headers": {"Authorization": "Bearer [removed]", "Content-Type": "application/json"},
            "body": self._request().shown_body,
        }
        report = CallReport(state=State.PLANNED)
        return Answer(raw=dumps(request) + "\n", result=self._result(report, request=request))

    def curl(self, mint: str) -> Answer:
        """Give a shell line that sends the request."""
        if self.callout.address.shown != self.callout.address.text:
            self.run.notice(
                Notice(
                    "passcode-masked", "the passcode is not printed: put it in place of *** before you run the line"
                )
            )
        line = callout_line(self._request(), api_base=self.run.wiring.api_base, mint=mint)
        return Answer(raw=line + "\n", result=self._result(CallReport(state=State.PLANNED), curl=line))

    def answer(self, report: CallReport) -> Answer:
        """Tell what became of the call."""
        run = self.run
        run.learn(answer=report.answer, population=report.population, local_time=run.now())
        run.wiring.learn_clock()
        status, error = self._judge(report)
        return Answer(page=self._page(report), result=self._result(report), status=status, error=error)

    def _judge(self, report: CallReport) -> tuple[ExitStatus, ErrorReport | None]:
        if report.failure is not None:
            error = explain(report.failure, self.run)
            if isinstance(report.failure, Unproven):
                fault = report.failure.fault
                causes = error.causes or causes_of_outcome(report.state, report.reason)
                error = replace(error, causes=causes, network=None if fault is None else fault.word.value)
            error = replace(error, http_status=error.http_status or report.http_status, dialled=_dialled(report))
            return ExitStatus.of(report.failure.kind), error
        if report.state is State.ACCEPTED:
            return ExitStatus.OK, None
        status = exit_of(report.state, report.reason)
        if status is ExitStatus.OK:
            return status, None
        return status, ErrorReport(
            status=status,
            title=_outcome_title(self.callout.address.shown, report),
            causes=causes_of_outcome(report.state, report.reason),
            http_status=report.http_status,
            doc=doc_of_outcome(report.state, report.reason),
            dialled=_dialled(report),
        )

    def _page(self, report: CallReport) -> Page:
        room, where = self.callout.address.shown, str(self.target)
        match report.state:
            case State.JOINED if report.evidence is not None:
                proof = _proof(report.evidence)
                return (Line(f"joined: {room} is in {where} ({proof})", Tone.GOOD),)
            case State.ACCEPTED:
                return (
                    Line(
                        f"accepted: Zoom took the call of {room} into {where}; whether the room rings is not known"
                    ),
                )
            case State.NOT_SENT | State.REFUSED:
                return ()
            case state:
                return (Line(f"{state}: {room} into {where}"),)


def entry_json(entry: TimelineEntry) -> dict[str, Any]:
    """Give one line of the timeline."""
    return {"state": entry.state.value, "at": entry.at, "source": entry.source}


def _target_json(target: Target) -> dict[str, Any]:
    match target:
        case SessionTarget(identifier, name):
            return {"kind": Api.SESSION.value, "id": identifier, "name": name}
        case SessionNameTarget(name):
            return {"kind": Api.SESSION.value, "id": None, "name": name}
        case MeetingTarget(number):
            return {"kind": Api.MEETING.value, "id": number, "name": None}


_PLACES = {
    EvidenceSource.ROSTER: "seen in the roster",
    EvidenceSource.WEBHOOK_LOG: "Zoom's event, in its webhook log",
    EvidenceSource.WEBHOOK: "Zoom's event, by webhook",
    EvidenceSource.WEBSOCKET: "Zoom's event, by websocket",
}


def _proof(evidence: Evidence) -> str:
    doubt = "" if evidence.match is Match.EXACT else ", the only newcomer"
    return _PLACES[evidence.source] + doubt


def _outcome_title(room: str, report: CallReport) -> str:
    reason = "" if report.reason is None else f", reason {report.reason.code} ({report.reason.name})"
    return f"{room}: {report.state}{reason}"


def _dialled(report: CallReport) -> str | None:
    if isinstance(report.failure, Interrupted):
        return None  # its message has said so
    if report.state is State.JOINED:
        return "The room had joined."
    if report.is_removed:
        return "The room joined late and was removed: nothing rings any more."
    last = report.timeline[-1].state if report.timeline else report.state
    if last is State.JOINED:
        return "The room joined late, and was not removed."
    if report.state.is_final or last.is_final:
        return "The call has ended: nothing rings any more."
    match report.sent:
        case Sent.NO:
            return "Nothing rings because of this command."
        case Sent.YES:
            return "The room may be ringing; Zoom has no way to cancel that."
        case Sent.UNKNOWN if report.state is State.NO_OP:
            return "Most likely nothing rings, but only a 202 would mean that Zoom took the call."
        case Sent.UNKNOWN:
            return "The room may be ringing: whether Zoom acted on the request is not known."


class _Listener:
    """Shows the call while it is under way, as the format wants it."""

    def __init__(self, run: Run) -> None:
        self._run = run
        is_text = run.output is OutputFormat.TEXT
        is_shown = run.streams.is_stderr_terminal and is_text and not run.options.is_quiet
        self._progress = Progress(run.streams, is_shown=is_shown)

    def warn(self, notice: Notice) -> None:
        self._progress.clear()
        self._run.notice(notice)

    def detail(self, text: str) -> None:
        self._progress.clear()
        self._run.detail(text)

    def progress(self, state: State, elapsed: timedelta) -> None:
        self._progress.show(state, elapsed)

    def entry(self, entry: TimelineEntry) -> None:
        self._progress.clear()
        where = "Zoom took the request" if entry.state is State.ACCEPTED else entry.source
        self._run.detail(f"{entry.state} ({where})")
        if self._run.output is OutputFormat.JSON_LINES:
            line = {"schema": "zoomcall.invite.event/1", **entry_json(entry)}
            self._run.streams.stdout.write(dumps(line, is_line=True) + "\n")
            self._run.streams.stdout.flush()

    def close(self) -> None:
        self._progress.clear()
