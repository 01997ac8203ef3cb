"""Finds live sessions, by id or name, and their users."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.live import LiveSession
from zoomcall.domain.pattern import Pattern
from zoomcall.domain.roster import Participant
from zoomcall.domain.target import SessionId, parse_session_id
from zoomcall.errors import ErrorKind, NoSession, UsageError

if TYPE_CHECKING:
    from zoomcall.usecases.zoom_roles import Sessions

SPAN = timedelta(days=7)
"""How long ago a live session may have begun; Zoom lists a month at most (zoom-api 4)."""

_USUAL_ID = Pattern(r"[A-Za-z0-9+/]{22}==\Z")


class Gathering(Struct, frozen=True):
    """A live session and its users now."""

    session: LiveSession
    users: tuple[Participant, ...]


def live_sessions(*, zoom: Sessions, today: date) -> tuple[LiveSession, ...]:
    """List the live sessions, newest first; ``today`` is in UTC."""
    return _newest_first(zoom.sessions(from_date=today - SPAN, to_date=today))


def find_live_session(
    name: str, *, zoom: Sessions, today: date, deadline: datetime | None = None, origin: str | None = None
) -> LiveSession:
    """Find the live session with exactly this name, or with its lower-case form, which Zoom makes (zoom-api 1.2).

    Args:
        name: As the user gave it.
        zoom: Lists the sessions.
        today: In UTC.
        deadline: When to give up.
        origin: The variable that the name came from.

    Raises:
        NoSession: None has it.
        UsageError: More than one has it; their ids are listed.
    """
    for form in forms_of(name):
        listed = zoom.sessions(from_date=today - SPAN, to_date=today, name=form, deadline=deadline)
        found = the_one_named(name, (session for session in listed if session.name == form), origin=origin)
        if found is not None:
            return found
    raise NoSession(
        f"no live session is named {_shown(name, origin)}",
        fix="A session is live while somebody is in it; list the live ones.",
        command="zoomcall session list",
    )


def forms_of(name: str) -> tuple[str, ...]:
    """Return how Zoom may have written down the name of a session: as given, or in lower case (zoom-api 1.2)."""
    return tuple(dict.fromkeys((name, name.lower())))


def the_one_named(name: str, listed: Iterable[LiveSession], *, origin: str | None) -> LiveSession | None:
    """Return the session with a name, in either form, if there is one.

    Raises:
        UsageError: More than one has it; their ids are listed.
    """
    sessions = tuple(listed)
    for form in forms_of(name):
        found = _newest_first(session for session in sessions if session.name == form)
        if len(found) > 1:
            shown, several = _shown(name, origin), "; ".join(_described(session) for session in found)
            raise UsageError(
                f"{len(found)} live sessions are named {shown}: {several}", fix="Choose one with --session ID."
            )
        if found:
            return found[0]
    return None


def _shown(name: str, origin: str | None) -> str:
    return repr(name) if origin is None else f"{name!r} ({origin})"


def look_into(text: str, *, zoom: Sessions, today: date, origin: str | None = None) -> Gathering:
    """Find a live session and its users.

    Args:
        text: Its id; or its name, if no live session has that id.
        zoom: Lists the sessions.
        today: In UTC.
        origin: The variable that the text came from.

    Raises:
        ZoomRefused: Zoom knows no live session with that id or name.
        NoSession: The text cannot be an id, and no live session has that name.
        UsageError: Several live sessions have that name.
    """
    try:
        session_id = parse_session_id(text)
    except UsageError:
        return _gathering(find_live_session(text, zoom=zoom, today=today, origin=origin), zoom)
    try:
        return _gathering(zoom.session(session_id), zoom)
    except ZoomRefused as refusal:
        if refusal.kind not in {ErrorKind.NO_SESSION, ErrorKind.REJECTED} or _USUAL_ID.match(text):
            raise  # listing is expensive (zoom-api 4, resource-intensive), and no name looks like an id
        try:
            named = find_live_session(text, zoom=zoom, today=today, origin=origin)
        except NoSession:
            raise refusal from None
    return _gathering(named, zoom)


def _gathering(session: LiveSession, zoom: Sessions) -> Gathering:
    users = zoom.session_users(SessionId(session.id))
    return Gathering(session, tuple(user for user in users if user.is_present))


def _newest_first(sessions: Iterable[LiveSession]) -> tuple[LiveSession, ...]:
    def age(session: LiveSession) -> tuple[float, str]:
        began = session.start_time
        return (0.0 if began is None else -began.timestamp(), session.id)

    return tuple(sorted(sessions, key=age))


def _described(session: LiveSession) -> str:
    parts = [str(session.id)]
    if session.user_count is not None:
        parts.append("1 user" if session.user_count == 1 else f"{session.user_count} users")
    if session.start_time is not None:
        parts.append(f"since {session.start_time:%Y-%m-%d %H:%M} UTC")
    return ", ".join(parts)
