"""Every kind of document that the program prints as JSON, with its type."""

from __future__ import annotations

from functools import cache
from typing import Any

from msgspec import Struct

from zoomcall.cli.render.json import Envelope
from zoomcall.cli.results import (
    auth,
    batch,
    call,
    completion,
    diagnose,
    doctor,
    explain,
    invite,
    meeting,
    report,
    room,
    room_check,
    session,
    token,
    webhook,
    whoami,
)


class Shape(Struct, frozen=True, kw_only=True):
    """One kind of document.

    Attributes:
        id: The value of its ``schema``, such as ``zoomcall.token.mint/1``.
        title: One line.
        commands: The commands that print it, such as ``token mint``.
        document: Its type.
    """

    id: str
    title: str
    commands: tuple[str, ...] = ()
    document: Any

    @property
    def name(self) -> str:
        """The id without program and version, such as ``token.mint``."""
        return self.id.removeprefix("zoomcall.").partition("/")[0]


_RESULTS: dict[type[Struct], tuple[str, ...]] = {
    auth.AuthListResult: ("auth list",),
    auth.AuthLoginResult: ("auth login",),
    auth.AuthLogoutResult: ("auth logout",),
    auth.AuthStatusResult: ("auth status",),
    auth.AuthSwitchResult: ("auth switch",),
    batch.BatchResult: ("invite batch",),
    call.CallHangupResult: ("call hangup",),
    call.CallListResult: ("call list",),
    call.CallStatusResult: ("call status",),
    call.CallWaitResult: ("call wait",),
    completion.CompletionResult: ("completion",),
    diagnose.DiagnoseResult: ("diagnose",),
    doctor.DoctorResult: ("doctor",),
    explain.ExplainResult: ("explain",),
    invite.InviteResult: ("invite sip", "invite h323", "invite room", "invite phone"),
    meeting.MeetingShowResult: ("meeting show",),
    room.RoomAddResult: ("room add",),
    room_check.RoomCheckResult: ("room check",),
    room.RoomEditResult: ("room edit",),
    room.RoomExportResult: ("room export",),
    room.RoomImportResult: ("room import",),
    room.RoomListResult: ("room list",),
    room.RoomRemoveResult: ("room remove",),
    room.RoomShowResult: ("room show",),
    room.RoomSyncResult: ("room sync",),
    report.ReportResult: ("report",),
    session.SessionListResult: ("session list",),
    session.SessionShowResult: ("session show",),
    token.TokenInspectResult: ("token inspect",),
    token.TokenMintResult: ("token mint",),
    webhook.WebhookReplayResult: ("webhook replay",),
    webhook.WebhookSecretRemoveResult: ("webhook secret remove",),
    webhook.WebhookSecretSetResult: ("webhook secret set",),
    webhook.WebhookServeResult: ("webhook serve",),
    webhook.WebhookVerifyResult: ("webhook verify",),
    whoami.WhoamiResult: ("whoami",),
}
"""The commands that print each result; what several commands share is named after their group."""


@cache
def shapes() -> tuple[Shape, ...]:
    """Return every shape, by name."""
    answers = (
        Shape(id=_id(commands), title=_title(result), commands=commands, document=Envelope[result])  # type: ignore[valid-type]
        for result, commands in _RESULTS.items()
    )
    others = (
        Shape(id="zoomcall.error/1", title="An error before any command began", document=Envelope[None]),
        Shape(id="zoomcall.invite.event/1", title=_title(invite.InviteEvent), document=invite.InviteEvent),
        Shape(id="zoomcall.invite.batch.row/1", title=_title(batch.BatchRowLine), document=batch.BatchRowLine),
    )
    return tuple(sorted((*answers, *others), key=lambda shape: shape.name))


def _id(commands: tuple[str, ...]) -> str:
    words = commands[0].split() if len(commands) == 1 else commands[0].split()[:-1]
    return f"zoomcall.{'.'.join(words)}/1"


def _title(document: type[Struct]) -> str:
    return (document.__doc__ or "").rstrip(".")


def shape_named(text: str) -> Shape | None:
    """Find a shape by its name, its id or one of its commands."""
    words = " ".join(text.split())
    for shape in shapes():
        if words in {shape.id, shape.name, shape.name.replace(".", " "), *shape.commands}:
            return shape
    return None
