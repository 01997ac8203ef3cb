"""Ring one room or phone."""

import shlex
import traceback
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Annotated

import typer
from msgspec.structs import replace

from zoomcall.cli.answer import Answer
from zoomcall.cli.booked import booked
from zoomcall.cli.command import command
from zoomcall.cli.connection import Connection
from zoomcall.cli.interrupts import stop_on_signals
from zoomcall.cli.invite.flags import CallFlags, EvidenceChoice, InviteFlags, OnTimeout
from zoomcall.cli.invite.telling import Progressing, Telling
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line
from zoomcall.cli.run import Run
from zoomcall.cli.shell_line import mint_line
from zoomcall.cli.targets import chosen_target
from zoomcall.domain.address import Protocol, RoomAddress
from zoomcall.domain.api_base import host_of, is_loopback
from zoomcall.domain.call import EvidenceSource, Sent
from zoomcall.domain.callout import Callout, parse_display_name, parse_from_uri, parse_headers
from zoomcall.domain.cause import Notice
from zoomcall.domain.destination import Destination
from zoomcall.domain.journal import TargetKey
from zoomcall.domain.phone import PhoneNumber
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import ResolvedTarget, SessionNameTarget, SessionTarget, Target
from zoomcall.errors import Terminated, UsageError, ZoomcallError, shortage_of
from zoomcall.usecases.dialing.going_live import LiveWait, wait_until_live
from zoomcall.usecases.dialing.order import DialOrder
from zoomcall.usecases.dialing.polling import Sighting
from zoomcall.usecases.dialing.report import Broken, CallReport, interrupted_early
from zoomcall.usecases.dialing.signals import Feed
from zoomcall.usecases.dialing.stop import Stop, Stopped
from zoomcall.usecases.sessions import find_live_session

app = typer.Typer()

FromUri = Annotated[str | None, typer.Option(metavar="URI", help="Caller's SIP URI.")]
Headers = Annotated[
    list[str] | None, typer.Option(metavar="K=V", help="SIP header for the room; repeatable, up to ten.")
]
SPEC = CommandSpec(schema="zoomcall.invite/1", has_json_lines=True)


@command(
    app,
    "sip",
    SPEC,
    examples=(
        "zoomcall invite sip room@example.com --session ID",
        "zoomcall invite sip room@example.com --session-name Standup --to-name 'A 2'",
        "zoomcall invite sip room@example.com --meeting '840 9807 7904' --json",
        "zoomcall invite sip room@example.com --session ID --when-live 10m",
        "zoomcall invite sip room@example.com --session ID --header X-Ref=42",
    ),
)
def sip(
    run: Run,
    address: Annotated[
        str,
        typer.Argument(metavar="ADDRESS", help="The room, like room@example.com, or @NAME from the book."),
    ],
    flags: InviteFlags,
    from_uri: FromUri = None,
    header: Headers = None,
) -> Answer:
    """Ring a SIP room and report what became of the call.

    Exit 0 means that the room joined, never that Zoom merely accepted the request.
    """
    return invite(run, _with_sip(_callout(run, Protocol.SIP, address, flags), from_uri, header), flags)


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
    address: Annotated[
        str, typer.Argument(metavar="ADDRESS", help="The room, like 203.0.113.10, or @NAME from the book.")
    ],
    flags: InviteFlags,
) -> Answer:
    """Ring an H.323 room and report what became of the call.

    Exit 0 means that the room joined, never that Zoom merely accepted the request.
    """
    return invite(run, _callout(run, Protocol.H323, address, flags), flags)


@command(
    app,
    "room",
    SPEC,
    examples=(
        "zoomcall invite room 'Board room' --session ID",
        "zoomcall invite room 'Board room' --meeting 84098077904 --to-name Board",
    ),
)
def room(
    run: Run,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The room's name in the address book.")],
    flags: InviteFlags,
    from_uri: FromUri = None,
    header: Headers = None,
) -> Answer:
    """Ring a room of the address book and report what became of the call.

    Names and headers that no flag gives are those of the address book.
    """
    return invite(run, _with_sip(booked(run, flags.book)(name), from_uri, header), flags)


def _callout(run: Run, protocol: Protocol, text: str, flags: InviteFlags) -> Callout:
    """Return what rings the room of an address, or of ``@NAME`` in the address book."""
    if not text.startswith("@"):
        return Callout(address=_typed(protocol, text))
    found = booked(run, flags.book)(text)
    if found.address.protocol is not protocol:
        raise UsageError(
            f"{quoted(text)} is a room of protocol {found.address.protocol}, not {protocol}",
            fix="Ring it by its name, whatever its protocol.",
            command=shlex.join(("zoomcall", "invite", "room", found.room_name or text)),
        )
    return found


def _typed(protocol: Protocol, text: str) -> Destination:
    match protocol:
        case Protocol.SIP | Protocol.H323:
            return RoomAddress.parse_typed(protocol, text)
        case Protocol.PHONE:
            return PhoneNumber.parse(text)


def _with_sip(callout: Callout, from_uri: str | None, header: list[str] | None) -> Callout:
    """Add what only SIP rooms take; the flags replace what the address book has."""
    if callout.address.protocol is not Protocol.SIP and (from_uri is not None or header):
        raise UsageError(
            f"only SIP rooms take --from-uri and --header; this is a room of protocol {callout.address.protocol}"
        )
    return replace(
        callout,
        from_uri=callout.from_uri if from_uri is None else parse_from_uri(from_uri),
        headers=parse_headers(tuple(header)) if header else callout.headers,
    )


@command(
    app,
    "phone",
    SPEC,
    examples=(
        "zoomcall invite phone '+1 555 555 0100' --session ID --to-name 'Jill Chill'",
        "zoomcall invite phone 15555550100-156 --meeting 84098077904 --no-press-one",
    ),
)
def phone(
    run: Run,
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="The phone, with its country code, like +15555550100.")
    ],
    flags: InviteFlags,
    has_greeting: Annotated[
        bool | None,
        typer.Option(
            "--greeting/--no-greeting", help="Greet whoever answers, or not.", show_default="Zoom's choice: greet"
        ),
    ] = None,
    has_to_press_one: Annotated[
        bool | None,
        typer.Option(
            "--press-one/--no-press-one",
            help="Ask whoever answers to press 1, or not.",
            show_default="Zoom's choice: ask",
        ),
    ] = None,
) -> Answer:
    """Ring a phone and report what became of the call.

    Exit 0 means that the phone joined, never that Zoom merely accepted the request. Zoom dials an extension
    like the 156 of +15555550100-156, and its API can send no other digits after the answer: use a number
    that a person answers.
    """
    callout = _callout(run, Protocol.PHONE, number, flags)
    if has_greeting is not None:
        callout = replace(callout, has_greeting=has_greeting)
    if has_to_press_one is not None:
        callout = replace(callout, has_to_press_one=has_to_press_one)
    return invite(run, callout, flags)


def invite(run: Run, callout: Callout, flags: InviteFlags) -> Answer:
    """Ring one room or phone, whatever the kind of invite."""
    if callout.address.protocol is Protocol.PHONE:
        callout = _as_phone(run, callout, flags)
    callout = replace(
        callout,
        from_name=_name(flags.from_name, "--from-name", callout.from_name),
        to_name=_name(flags.to_name, "--to-name", callout.to_name),
    )
    target = chosen_target(run, flags)
    timeout, within = flags.wait(run), flags.wait_for_live
    flags.refuse_contradictions(target.api)
    _ = flags.place  # report a bad one before anything else happens
    run.notice(*_address_notices(run, callout), *_session_id_notices(target))
    telling = Telling(run, callout, target)
    report = CallReport()
    try:
        if within is None or flags.is_dry or flags.is_curl:
            telling = replace(telling, target=resolved(run, target, run.wiring.now() + timeout))
        if flags.is_dry or flags.is_curl:
            return _shown(run, telling, flags)
        connection = run.wiring.connect(target.api)
        telling = replace(telling, connection=connection)
        connection.refuse_wrong_bearer(target.api)
        telling, report = _dialled(run, telling, connection, flags)
    except (UsageError, BrokenPipeError):
        raise
    except ZoomcallError as error:
        report.failure = error
    except KeyboardInterrupt as error:
        report.failure = interrupted_early(is_terminated=isinstance(error, Terminated))
    except Exception as error:  # noqa: BLE001 - nothing was sent, and the answer says so
        report.failure, report.bug = shortage_of(error) or Broken(error), error
    if report.bug is not None and run.options.is_debug:
        traceback.print_exception(report.bug, file=run.streams.stderr)
    return _told(telling, report)


def _name(given: str | None, flag: str, by_book: str | None) -> str | None:
    return by_book if given is None else parse_display_name(given, flag=flag)


def _as_phone(run: Run, callout: Callout, flags: InviteFlags) -> Callout:
    """Leave out the caller's name, which Zoom does not take for a phone (zoom-api 3.1)."""
    if flags.from_name is not None:
        raise UsageError(
            "--from-name is for rooms: Zoom takes no caller's name for a phone",
            fix="Leave it out. To name whoever is rung in the session, use --to-name.",
        )
    run.detail(f"ringing the phone {callout.address}; Zoom's API sends no digits after the answer")
    return replace(callout, from_name=None)


def _told(telling: Telling, report: CallReport) -> Answer:
    """Report what became of a call, in any case once something was sent."""
    try:
        return telling.answer(report)
    except Exception as error:  # the room may ring all the same
        if report.sent is Sent.NO:
            raise
        return telling.bare_answer(report, error)


def _shown(run: Run, telling: Telling, flags: InviteFlags) -> Answer:
    """Print the request instead of sending it."""
    return telling.curl(mint_line(telling.target.api, run.options.profile)) if flags.is_curl else telling.dry_run()


def resolved(run: Run, target: Target, deadline: datetime | None = None) -> ResolvedTarget:
    """Look up the session if only its name is given."""
    if not isinstance(target, SessionNameTarget):
        return target
    connection = run.wiring.connect(target.api)
    connection.refuse_wrong_bearer(target.api)
    found = find_live_session(
        target.name, zoom=connection.zoom, today=run.now().date(), deadline=deadline, origin=target.origin
    )
    return SessionTarget(found.id, found.name)


def _dialled(run: Run, telling: Telling, connection: Connection, flags: InviteFlags) -> tuple[Telling, CallReport]:
    stop = Stop()
    journal = run.wiring.journal(connection.held, is_hurried=lambda: stop.is_set)
    missing: list[str] = []
    feeds = event_feeds(run, connection, flags, missing)
    dialler = run.wiring.dialler(connection, journal, feeds, missing)
    stop_on_signals(stop)
    progressing = Progressing(
        run, telling.callout.address.protocol, limit=flags.wait(run), wait=flags.wait_for_live
    )
    with progressing as listener:
        within, report = flags.wait_for_live, CallReport()
        if within is not None:
            wait = live_wait(run, connection, telling.target, dialler.polls.saw, within)
            try:
                telling = replace(telling, target=_awaited(run, telling, wait, listener, stop))
            except ZoomcallError as error:
                report.failure, report.population = error, wait.population
                return telling, report
            except Stopped:
                report.failure = interrupted_early(is_terminated=stop.is_terminated)
                return telling, report
        timeout = flags.wait(run)
        order = order_of(flags, connection, telling.resolved, telling.callout, timeout=timeout)
        return telling, dialler.dial(replace(order, patience=run.wiring.now() + timeout), listener, stop)


def live_wait(
    run: Run,
    connection: Connection,
    target: Target,
    saw: Callable[[TargetKey, Sighting], None],
    within: timedelta,
) -> LiveWait:
    """Return the wait of ``--when-live`` for one target, which begins now."""
    return LiveWait(
        target,
        api_base=connection.api_base,
        zoom=connection.zoom.once,
        saw=saw,
        now=run.wiring.now,
        within=within,
    )


def _awaited(run: Run, telling: Telling, wait: LiveWait, listener: Progressing, stop: Stop) -> ResolvedTarget:
    def tell(why: str) -> None:
        if not run.options.is_quiet:
            run.say((Line(f"{telling.target} {why}; waiting up to {wait.words}"),))

    return wait_until_live(wait, listener=listener, stop=stop, now=run.wiring.now, tell=tell)


def order_of(
    flags: CallFlags, connection: Connection, target: ResolvedTarget, callout: Callout, *, timeout: timedelta
) -> DialOrder:
    """Return the call that the flags ask for."""
    return DialOrder(
        target=target,
        callout=callout,
        api_base=connection.api_base,
        profile=connection.held.profile,
        timeout=timeout,
        is_waiting=flags.is_waiting,
        is_preflight_off=flags.is_preflight_off,
        is_forced=flags.is_forced,
        is_if_absent=flags.is_if_absent,
        evidence=flags.evidence.sources,
        is_late_joiner_removed=flags.on_timeout is OnTimeout.REMOVE,
    )


def event_feeds(run: Run, connection: Connection, flags: CallFlags, missing: list[str]) -> tuple[Feed, ...]:
    """Open the sources of events, before anything is sent; add to ``missing`` why some are not available."""
    return (*websocket_feeds(run, connection, flags, missing), *opened_feeds(run, flags))


def websocket_feeds(run: Run, connection: Connection, flags: CallFlags, missing: list[str]) -> tuple[Feed, ...]:
    """Open Zoom's websocket, if it serves and is known; add to ``missing`` why it is not available."""
    source = EvidenceSource.WEBSOCKET
    if not (flags.is_waiting and connection.api in source.serves and source in flags.evidence.sources):
        return ()
    return _websocket(run, connection, missing, is_needed=flags.evidence is EvidenceChoice.WEBSOCKET)


def opened_feeds(run: Run, flags: CallFlags) -> tuple[Feed, ...]:
    """Open the sources of events that the flags name, before anything is sent."""
    feeds: list[Feed] = []
    if flags.events is not None:
        feeds.append(run.wiring.event_sources.followed(flags.events))
    if flags.place is not None:
        feeds.append(run.wiring.event_sources.received(*flags.place, run.wiring.webhook_secret().secret))
    return tuple(feeds)


def _websocket(run: Run, connection: Connection, missing: list[str], *, is_needed: bool) -> tuple[Feed, ...]:
    """Connect to Zoom's websocket if a subscription is known; unless it is needed, the call goes on without it."""
    subscription = run.settings.websocket_subscription_id or connection.held.websocket_subscription_id
    if subscription is None:
        if not is_needed:
            return ()
        raise UsageError(
            "--evidence websocket needs the id of a websocket event subscription",
            fix="Set ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID, or store it: zoomcall auth login --kind s2s"
            " --websocket-subscription-id ID.",
        )
    try:
        return (run.wiring.event_sources.websocket(connection, subscription),)
    except ZoomcallError as error:
        if is_needed and isinstance(error, UsageError):
            raise
        fix = "" if error.fix is None else f" ({error.fix})"
        missing.append(f"no events by websocket: {error.message}{fix}")
        return ()


def _address_notices(run: Run, callout: Callout) -> tuple[Notice, ...]:
    """Return the callout's warnings; a local Zoom needs no warning that a room on loopback is private."""
    ip = callout.address.ip
    if ip is not None and ip.is_loopback and is_loopback(host_of(run.wiring.shown_api_base)):
        return tuple(notice for notice in callout.warnings if notice.id != "private-address")
    return callout.warnings


def _session_id_notices(target: Target) -> tuple[Notice, ...]:
    if isinstance(target, SessionTarget) and "%" in target.id:
        message = f"the session id {target.id} looks percent-encoded; pass it exactly as Zoom shows it"
        return (Notice("session-id-encoding", message),)
    return ()
