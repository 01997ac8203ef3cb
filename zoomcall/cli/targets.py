"""The target session or meeting, from one of three flags, or else from one of three variables (contract 1)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from zoomcall.domain.api_base import API_BASE, cluster_of, host_of
from zoomcall.domain.pasted_value import session_id_in
from zoomcall.domain.secret_text import refuse_surplus
from zoomcall.domain.target import (
    MeetingTarget,
    SessionNameTarget,
    SessionTarget,
    Target,
    link_host,
    parse_meeting_number,
    parse_session_id,
    parse_session_name,
)
from zoomcall.errors import UsageError, blaming

if TYPE_CHECKING:
    from zoomcall.cli.run import Run

_VARIABLES = {
    "--session": "ZOOMCALL_SESSION",
    "--session-name": "ZOOMCALL_SESSION_NAME",
    "--meeting": "ZOOMCALL_MEETING",
}


class TargetFlags(Protocol):
    """The flags of a command that has a target."""

    @property
    def session(self) -> str | None:
        """``--session``."""

    @property
    def session_name(self) -> str | None:
        """``--session-name``."""

    @property
    def meeting(self) -> str | None:
        """``--meeting``."""


def chosen_target(run: Run, flags: TargetFlags) -> Target:
    """Return the target of the flags, or else of the variables.

    Raises:
        UsageError: There is no target, more than one, or an invalid one.
    """
    target = target_of_flags(flags) or target_of_variables(run)
    if target is None:
        raise UsageError(
            "no target: which session or meeting should the room be rung into?",
            fix="Add --session ID, --session-name NAME or --meeting NUMBER.",
            command="zoomcall session list",
        )
    if isinstance(target, MeetingTarget):
        _refuse_other_cluster(run, flags.meeting or run.settings.environ.get("ZOOMCALL_MEETING", ""))
    return target


def chosen_meeting(run: Run, given: str | None) -> MeetingTarget:
    """Return the meeting that a command names by its argument, or else ``ZOOMCALL_MEETING``.

    Raises:
        UsageError: No meeting is named, or not validly.
    """
    origin, text = (None, given) if given is not None else ("ZOOMCALL_MEETING", _meeting_variable(run))
    if origin is not None:
        refuse_surplus(text, origin, may_have_blanks=True)
    with blaming(origin):
        target = MeetingTarget(parse_meeting_number(text))
    _refuse_other_cluster(run, text)
    return target


def _meeting_variable(run: Run) -> str:
    text = run.settings.environ.get("ZOOMCALL_MEETING")
    if text is None:
        raise UsageError("no meeting is named", fix="Give its number or join link.")
    return text


def _refuse_other_cluster(run: Run, meeting: str) -> None:
    linked, base = cluster_of(link_host(meeting) or ""), cluster_of(host_of(run.wiring.shown_api_base))
    if linked is None or base is None or linked == base:
        return
    cluster = " --cluster gov" if linked != cluster_of(host_of(API_BASE)) else ""
    raise UsageError(
        f"the join link leads to {linked}, but requests go to {base} (cluster-mismatch)",
        fix=f"Use a credential of {linked}: Zoom's clusters know nothing of each other's meetings and tokens.",
        command=f"zoomcall auth login --kind s2s{cluster}",
    )


def target_of_flags(flags: TargetFlags) -> Target | None:
    """Return the target of the flags, or None; errors as in ``chosen_target``."""
    by_flag = {"--session": flags.session, "--session-name": flags.session_name, "--meeting": flags.meeting}
    given = {name: value for name, value in by_flag.items() if value is not None}
    if len(given) > 1:
        raise UsageError(f"use only one of {' and '.join(given)}; a call has one target")
    return next((_target(flag, value) for flag, value in given.items()), None)


def target_of_variables(run: Run) -> Target | None:
    """Return the target of the variables, or None; errors as in ``chosen_target``."""
    environ = run.settings.environ
    given = {flag: environ[name] for flag, name in _VARIABLES.items() if name in environ}
    if len(given) > 1:
        raise UsageError(
            f"{' and '.join(_VARIABLES[flag] for flag in given)} are all set; a call has one target",
            fix="Unset all but one, or name the target with a flag.",
        )
    for flag, value in given.items():
        if flag != "--session-name":  # a name may contain anything
            refuse_surplus(value, _VARIABLES[flag], may_have_blanks=True)
        with blaming(_VARIABLES[flag]):
            return _target(flag, value, origin=_VARIABLES[flag])
    return None


def _target(flag: str, value: str, *, origin: str | None = None) -> Target:
    match flag:
        case "--session":
            return SessionTarget(parse_session_id(session_id_in(value)))
        case "--session-name":
            return SessionNameTarget(parse_session_name(value), origin)
        case _:
            return MeetingTarget(parse_meeting_number(value))
