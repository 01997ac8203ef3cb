"""``zoomcall whoami``: who the credential is."""

from datetime import timedelta
from typing import Annotated

import typer
from msgspec.structs import replace

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.connection import Connection
from zoomcall.cli.failing import failure_report
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.render.json import time_text
from zoomcall.cli.run import Run
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.live import User
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind, NetworkFault, ZoomcallError
from zoomcall.usecases.identity import (
    Identity,
    api_of,
    examine,
    examine_offline,
    may_be_for_meetings,
    skew_of,
)

app = typer.Typer()


@command(
    app,
    "whoami",
    CommandSpec(schema="zoomcall.whoami/1"),
    examples=("zoomcall whoami", "zoomcall whoami -p prod --json", "zoomcall whoami --offline"),
)
def whoami(
    run: Run,
    *,
    api: Annotated[
        Api | None, typer.Option("--for", help="Which credential, where the environment holds several.")
    ] = None,
    is_offline: Annotated[bool, typer.Option("--offline", help="Ask nobody.")] = False,
) -> Answer:
    """Say who the credential is, where it came from, what it hid, and whether Zoom accepts it."""
    connection = run.wiring.connect(api)
    held = connection.held
    key_id = held.credential.key_id
    error = None
    try:
        identity = _asked(run, connection, api) if not is_offline else examine_offline(held)
    except (ZoomRefused, NetworkFault) as failure:
        error = failure_report(failure, replace(connection.facts, api=api_of(held, api)))
        identity = replace(examine_offline(held), clock_skew=_skew_of(failure))
        if any(cause.id == "key-secret-swapped" for cause in error.causes):
            key_id = None  # most likely the secret
    result = {
        "kind": held.credential.kind,
        "key_id": key_id,
        "user": _user_json(identity.user),
        "api_base": connection.api_base,
        "clock_skew_seconds": _seconds(identity.clock_skew),
        "expires_at": identity.expires_at,
        "scopes": None if identity.scopes is None else list(identity.scopes),
        "hidden": [{"kind": hidden.kind, "source": hidden.source, "name": hidden.name} for hidden in held.hidden],
    }
    if error is not None:
        accepted = Line("no" if error.status is ExitStatus.AUTH else "not known", Tone.BAD, label="accepted")
    elif is_offline:
        accepted = Line("not asked (--offline)", label="accepted")
    else:
        accepted = Line("yes, by Zoom just now", Tone.GOOD, label="accepted")
    return Answer(
        page=_page(connection, key_id, identity, accepted, has_clock=not is_offline),
        result=result,
        status=ExitStatus.OK if error is None else error.status,
        error=error,
    )


def _asked(run: Run, connection: Connection, api: Api | None) -> Identity:
    """Ask Zoom who the credential is, at the other API too where nothing tells which one it is for."""
    held = connection.held
    try:
        return _examine(run, connection, api_of(held, api))
    except ZoomRefused as refusal:
        if refusal.kind is not ErrorKind.AUTH or not may_be_for_meetings(held, api):
            raise
        try:
            return _examine(run, connection, Api.MEETING)
        except ZoomcallError:
            raise refusal from None


def _examine(run: Run, connection: Connection, api: Api) -> Identity:
    return examine(
        connection.held, api=api, zoom=connection.zoom, token=connection.token, now=run.now, warn=run.notice
    )


def _skew_of(failure: ZoomRefused | NetworkFault) -> timedelta | None:
    """Tell the clock's skew from an answer that refused the credential: Zoom's clock stands there too."""
    answer = failure.answer if isinstance(failure, ZoomRefused) else None
    if answer is None or answer.server_time is None or answer.local_time is None:
        return None
    return skew_of(answer.server_time, answer.local_time)


def _user_json(user: User | None) -> dict[str, str | None] | None:
    if user is None:
        return None
    return {"id": user.id, "email": user.email, "name": user.name, "account_id": user.account_id, "role": user.role}


def _seconds(skew: timedelta | None) -> int | None:
    return None if skew is None else int(skew.total_seconds())


def _page(
    connection: Connection, key_id: str | None, identity: Identity, accepted: Line, *, has_clock: bool
) -> Page:
    held = connection.held
    place = f"profile {held.profile}" if held.profile else held.label.name
    lines = [
        Line(f"{held.credential.kind}", label="kind"),
        Line(f"{held.label.source} ({place})", label="source"),
    ]
    if key_id:
        lines.append(Line(key_id, label="key"))
    if identity.user is not None:
        user = identity.user
        lines.append(Line(" ".join(part for part in (user.name, user.email, user.id) if part), label="user"))
    lines += [Line(connection.api_base, label="api"), accepted]
    if has_clock:
        seconds = _seconds(identity.clock_skew)
        lines.append(Line("unknown" if seconds is None else f"{seconds:+d} s against Zoom's", label="clock"))
    if identity.expires_at is not None:
        lines.append(Line(time_text(identity.expires_at), label="expires"))
    if identity.scopes is not None:
        lines.append(Line(" ".join(identity.scopes) or "none", label="scopes"))
    lines.extend(
        Line(f"{hidden.kind} from {hidden.source} ({hidden.name})", Tone.DIM, label="not used")
        for hidden in held.hidden
    )
    return tuple(lines)
