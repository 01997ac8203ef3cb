"""``zoomcall whoami``: who the credential is."""

from datetime import timedelta
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer
from zoomcall.cli.command import command
from zoomcall.cli.render.json import time_text
from zoomcall.cli.render.page import Line, Page, Tone
from zoomcall.cli.run import CommandSpec, Run
from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.credential import HeldCredential
from zoomcall.domain.live import User
from zoomcall.domain.target import Api
from zoomcall.errors import ErrorKind, ZoomcallError
from zoomcall.usecases.examining import Identity, api_of, examine, may_be_for_meetings

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
    held = run.wiring.credential_for(api)
    target = api_of(held, api)
    try:
        identity = _examine(run, held, target, is_offline=is_offline)
    except ZoomRefused as refusal:
        if refusal.kind is not ErrorKind.AUTH or not may_be_for_meetings(held, api):
            raise
        try:
            identity = _examine(run, held, Api.MEETING, is_offline=is_offline)
        except ZoomcallError:
            run.learn(api=target)
            raise refusal from None
    result = {
        "kind": held.credential.kind,
        "key_id": held.credential.key_id,
        "user": _user_json(identity.user),
        "api_base": run.wiring.api_base,
        "clock_skew_seconds": _seconds(identity.clock_skew),
        "expires_at": identity.expires_at,
        "scopes": None if identity.scopes is None else list(identity.scopes),
        "hidden": [{"kind": hidden.kind, "source": hidden.source, "name": hidden.name} for hidden in held.hidden],
    }
    return Answer(page=_page(run, held, identity, is_offline=is_offline), result=result)


def _examine(run: Run, held: HeldCredential, api: Api, *, is_offline: bool) -> Identity:
    run.learn(api=api)
    try:
        return examine(
            held,
            api=api,
            zoom=None if is_offline else run.wiring.zoom,
            token=run.wiring.token,
            now=run.now,
            warn=run.notice,
        )
    finally:
        run.learn(local_time=run.now())
        run.wiring.learn_clock()


def _user_json(user: User | None) -> dict[str, str | None] | None:
    if user is None:
        return None
    return {"id": user.id, "email": user.email, "name": user.name, "account_id": user.account_id, "role": user.role}


def _seconds(skew: timedelta | None) -> int | None:
    return None if skew is None else int(skew.total_seconds())


def _page(run: Run, held: HeldCredential, identity: Identity, *, is_offline: bool) -> Page:
    place = f"profile {held.profile}" if held.profile else held.label.name
    lines = [
        Line(f"{held.credential.kind}", label="kind"),
        Line(f"{held.label.source} ({place})", label="source"),
    ]
    if held.credential.key_id:
        lines.append(Line(held.credential.key_id, label="key"))
    if identity.user is not None:
        user = identity.user
        lines.append(Line(" ".join(part for part in (user.name, user.email, user.id) if part), label="user"))
    lines.append(Line(run.wiring.api_base, label="api"))
    if is_offline:
        lines.append(Line("not asked (--offline)", label="accepted"))
    else:
        lines.append(Line("yes, by Zoom just now", Tone.GOOD, label="accepted"))
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
