"""``zoomcall whoami``: the active credential, and who it belongs to."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated

import typer
from msgspec.structs import replace

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.command import command
from zoomcall.cli.connection import Connection
from zoomcall.cli.failing import failure_report
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Tone
from zoomcall.cli.render.json import time_text
from zoomcall.cli.results.whoami import WhoamiResult
from zoomcall.cli.run import Run
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.credential import HeldCredential
from zoomcall.domain.exit_status import ExitStatus
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
        Api | None, typer.Option("--for", help="Which credential to use if the environment has several.")
    ] = None,
    is_offline: Annotated[bool, typer.Option("--offline", help="Send nothing.")] = False,
) -> Answer:
    """Show the active credential, its source, what it overrides, and whether Zoom accepts it."""
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
    result = WhoamiResult(
        kind=held.credential.kind,
        key_id=key_id,
        user=identity.user,
        api_base=connection.api_base,
        clock_skew_seconds=None if identity.clock_skew is None else int(identity.clock_skew.total_seconds()),
        expires_at=identity.expires_at,
        scopes=identity.scopes,
        hidden=held.hidden,
    )
    return Answer(
        page=tuple(_lines(result, held, error, is_offline=is_offline)),
        result=result,
        status=ExitStatus.OK if error is None else error.status,
        error=error,
    )


def _asked(run: Run, connection: Connection, api: Api | None) -> Identity:
    """Ask Zoom who the credential is; ask the other API too if nothing says which one it is for."""
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
        connection.held, api=api, zoom=connection.zoom, token=connection.token, now=run.wiring.now, warn=run.notice
    )


def _skew_of(failure: ZoomRefused | NetworkFault) -> timedelta | None:
    """Return the clock's skew from an answer that refused the credential: it shows Zoom's clock too."""
    answer = failure.answer if isinstance(failure, ZoomRefused) else None
    if answer is None or answer.server_time is None or answer.local_time is None:
        return None
    return skew_of(answer.server_time, answer.local_time)


def _lines(
    result: WhoamiResult, held: HeldCredential, error: ErrorReport | None, *, is_offline: bool
) -> Iterator[Line]:
    yield Line(result.kind.value, label="kind")
    place = f"profile {held.profile}" if held.profile else held.label.name
    yield Line(f"{held.label.source} ({place})", label="source")
    if result.key_id:
        yield Line(result.key_id, label="key")
    if result.user is not None:
        user = result.user
        yield Line(" ".join(part for part in (user.name, user.email, user.id) if part), label="user")
    yield Line(result.api_base, label="api")
    if error is not None:
        yield Line("no" if error.status is ExitStatus.AUTH else "not known", Tone.BAD, label="accepted")
    elif is_offline:
        yield Line("not asked (--offline)", label="accepted")
    else:
        yield Line("yes, by Zoom just now", Tone.GOOD, label="accepted")
    if not is_offline:
        seconds = result.clock_skew_seconds
        yield Line("unknown" if seconds is None else f"{seconds:+d} s against Zoom's", label="clock")
    if result.expires_at is not None:
        yield Line(time_text(result.expires_at), label="expires")
    if result.scopes is not None:
        yield Line(" ".join(result.scopes) or "none", label="scopes")
    for label in result.hidden:
        yield Line(str(label), Tone.DIM, label="not used")
