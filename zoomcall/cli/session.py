"""``zoomcall session``: live sessions and their users."""

from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.connection import Connection
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table
from zoomcall.cli.results.session import Session, SessionListResult, SessionShowResult, SessionUser
from zoomcall.cli.run import Run
from zoomcall.cli.rung_rooms import roster_row, roster_table, rung_rooms, time_words
from zoomcall.domain.journal import CallRecord, TargetKey
from zoomcall.domain.live import LiveSession
from zoomcall.domain.target import Api, parse_session_name
from zoomcall.errors import UsageError, blaming
from zoomcall.usecases.sessions import Gathering, live_sessions, look_into

app = typer.Typer(help="Show live sessions and their users.")

_UNKNOWN = "-"


@command(
    app,
    "list",
    CommandSpec(schema="zoomcall.session.list/1"),
    examples=("zoomcall session list", "zoomcall session list --json"),
)
def list_sessions(run: Run) -> Answer:
    """List the live sessions, newest first.

    Zoom allows this 10 to 20 times a minute.
    """
    sessions = live_sessions(zoom=_connection(run).zoom, today=run.now().date())
    rows = tuple(
        (session.id, session.name or _UNKNOWN, _count(session), time_words(session.start_time))
        for session in sessions
    )
    page: Page = (Table(("ID", "NAME", "USERS", "STARTED"), rows),) if rows else (Line("No session is live."),)
    return Answer(page=page, result=SessionListResult(sessions=tuple(map(_session, sessions))))


@command(
    app,
    "show",
    CommandSpec(schema="zoomcall.session.show/1"),
    examples=("zoomcall session show ID", "zoomcall session show Standup --json"),
)
def show(
    run: Run,
    session: Annotated[
        str | None,
        typer.Argument(
            metavar="[SESSION]",
            help="Id or name; by default ZOOMCALL_SESSION or ZOOMCALL_SESSION_NAME.",
            show_default=False,
        ),
    ] = None,
) -> Answer:
    """Show a live session and its users.

    A room that this machine rang is shown with the address that it was rung at.
    """
    origin, text = _variable(run) if session is None else (None, session)
    with blaming(origin):
        wanted = parse_session_name(text)
    connection = _connection(run)
    gathering = look_into(wanted, zoom=connection.zoom, today=run.now().date(), origin=origin)
    key = TargetKey(api_base=connection.api_base, api=Api.SESSION, id=gathering.session.id)
    rung = rung_rooms(run, key, gathering.users)
    return Answer(
        page=_page(gathering, rung),
        result=SessionShowResult(
            session=_session(gathering.session),
            users=tuple(SessionUser(**roster_row(user, rung.get(user.id))) for user in gathering.users),
        ),
    )


def _variable(run: Run) -> tuple[str, str]:
    """Return the one variable that names a session, and its value."""
    environ = run.settings.environ
    given = [(name, environ[name]) for name in ("ZOOMCALL_SESSION", "ZOOMCALL_SESSION_NAME") if name in environ]
    if len(given) > 1:
        raise UsageError(
            "ZOOMCALL_SESSION and ZOOMCALL_SESSION_NAME are both set",
            fix="Unset one, or name the session in the command.",
        )
    if not given:
        raise UsageError(
            "no session is named",
            fix="Give its id or name.",
            command="zoomcall session list",
        )
    return given[0]


def _connection(run: Run) -> Connection:
    connection = run.wiring.connect(Api.SESSION)
    connection.refuse_wrong_bearer(Api.SESSION)
    return connection


def _page(gathering: Gathering, rung: dict[str, CallRecord]) -> Page:
    session = gathering.session
    lines = [
        Line(session.id, label="id"),
        Line(session.name or _UNKNOWN, label="name"),
        Line(time_words(session.start_time), label="started"),
        Line(str(len(gathering.users)), label="users"),
    ]
    if not gathering.users:
        return tuple(lines)
    return (*lines, Line(), roster_table(gathering.users, rung, has_waiting_room=False))


def _count(session: LiveSession) -> str:
    return _UNKNOWN if session.user_count is None else str(session.user_count)


def _session(session: LiveSession) -> Session:
    return Session(
        id=session.id,
        name=session.name,
        user_count=session.user_count,
        start_time=session.start_time,
        session_key=session.key,
    )
