"""``zoomcall session``: live sessions and their users."""

from datetime import datetime
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Table
from zoomcall.cli.render.json import time_text
from zoomcall.cli.results.session import Session, SessionListResult, SessionShowResult, SessionUser
from zoomcall.cli.run import Run
from zoomcall.domain.live import LiveSession
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import Api, parse_session_name
from zoomcall.errors import UsageError, blaming
from zoomcall.usecases.sessions import Gathering, live_sessions, look_into
from zoomcall.usecases.zoom_roles import Sessions

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
    sessions = live_sessions(zoom=_zoom(run), today=run.now().date())
    rows = tuple(
        (session.id, session.name or _UNKNOWN, _count(session), _time(session.start_time)) for session in sessions
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
    """Show a live session and its users."""
    origin, text = _variable(run) if session is None else (None, session)
    with blaming(origin):
        wanted = parse_session_name(text)
    gathering = look_into(wanted, zoom=_zoom(run), today=run.now().date(), origin=origin)
    return Answer(
        page=_page(gathering),
        result=SessionShowResult(session=_session(gathering.session), users=tuple(map(_user, gathering.users))),
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


def _zoom(run: Run) -> Sessions:
    connection = run.wiring.connect(Api.SESSION)
    connection.refuse_wrong_bearer(Api.SESSION)
    return connection.zoom


def _page(gathering: Gathering) -> Page:
    session = gathering.session
    lines = [
        Line(session.id, label="id"),
        Line(session.name or _UNKNOWN, label="name"),
        Line(_time(session.start_time), label="started"),
        Line(str(len(gathering.users)), label="users"),
    ]
    if not gathering.users:
        return tuple(lines)
    rows = tuple(
        (user.name or _UNKNOWN, user.device or _UNKNOWN, user.ip_address or _UNKNOWN, _time(user.join_time))
        for user in gathering.users
    )
    return (*lines, Line(), Table(("NAME", "DEVICE", "ADDRESS", "JOINED"), rows))


def _count(session: LiveSession) -> str:
    return _UNKNOWN if session.user_count is None else str(session.user_count)


def _time(moment: datetime | None) -> str:
    return _UNKNOWN if moment is None else time_text(moment)


def _session(session: LiveSession) -> Session:
    return Session(
        id=session.id,
        name=session.name,
        user_count=session.user_count,
        start_time=session.start_time,
        session_key=session.key,
    )


def _user(user: Participant) -> SessionUser:
    return SessionUser(
        id=user.id,
        participant_uuid=user.uuid,
        name=user.name,
        device=user.device or None,
        is_room_system=user.is_room_system,
        ip_address=user.ip_address,
        join_time=user.join_time,
    )
