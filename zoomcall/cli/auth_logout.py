"""``zoomcall auth logout``: apart from what signs in."""

from functools import partial
from typing import Annotated

import typer

from zoomcall.cli.answer import Answer, ErrorReport
from zoomcall.cli.asking import unconfirmed
from zoomcall.cli.auth import named, store_at, warn_if_outvoted
from zoomcall.cli.command import command
from zoomcall.cli.options import CommandSpec
from zoomcall.cli.page import Line, Page, Tone
from zoomcall.cli.results.auth import AuthLogoutResult, ProfileLogout
from zoomcall.cli.run import Run
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.profile import Profile
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import UserApp
from zoomcall.errors import UsageError
from zoomcall.usecases.signing_in import Departure, logout_all
from zoomcall.usecases.signing_in import logout as sign_out

app = typer.Typer()


@command(
    app,
    "logout",
    CommandSpec(schema="zoomcall.auth.logout/1"),
    examples=("zoomcall auth logout", "zoomcall auth logout -p prod", "zoomcall auth logout --all"),
)
def logout(
    run: Run,
    *,
    is_every: Annotated[bool, typer.Option("--all", help="Remove every profile and its secret.")] = False,
    is_confirmed: Annotated[bool, typer.Option("--yes", help="With --all: remove them without asking.")] = False,
) -> Answer:
    """Remove a profile and its secret: the profile named with -p, or the current one.

    A user who signed in with the browser is signed out at Zoom as well.
    """
    if is_confirmed and not is_every:
        raise UsageError("--yes belongs to --all")
    if is_every:
        return _all(run, is_confirmed=is_confirmed)
    done = sign_out(
        named(run),
        config=run.wiring.config_writer,
        open_store=partial(store_at, run),
        revoke=partial(_revoke, run),
        warn=run.notice,
    )
    warn_if_outvoted(run)
    result = AuthLogoutResult(
        profile=done.name, removed=done.was_found, was_current=done.was_current, profiles=done.others
    )
    return Answer(page=_page(result), result=result)


def _revoke(run: Run, profile: Profile, app: UserApp, token: Secret) -> None:
    run.wiring.oauth_of(profile).revoke(app, token)


def _all(run: Run, *, is_confirmed: bool) -> Answer:
    """Remove every profile once that is confirmed: by ``--yes``, or by somebody who saw which."""
    if run.options.profile is not None:
        raise UsageError("-p names one profile, and --all is for every one")
    before = run.wiring.config.read()
    none = AuthLogoutResult(profile=None, removed=False, was_current=False, profiles=before.names, all=())
    if before.names and not is_confirmed:
        listed = (Line(f"to be removed, with their secrets: {', '.join(before.names)}"),)
        kept = unconfirmed(run, listed, none, question="Remove them all?", done="removed", purpose="remove them")
        if kept is not None:
            return kept
    departures = logout_all(
        config=run.wiring.config_writer,
        open_store=partial(store_at, run),
        revoke=partial(_revoke, run),
        warn=run.notice,
    )
    warn_if_outvoted(run)
    return _answer(departures, was_current=before.current in before.names)


def _answer(departures: tuple[Departure, ...], *, was_current: bool) -> Answer:
    kept = tuple(each for each in departures if each.problem is not None)
    result = AuthLogoutResult(
        profile=None,
        removed=bool(departures) and not kept,
        was_current=was_current,
        profiles=tuple(each.name for each in kept),
        all=tuple(_row(each) for each in departures),
    )
    page = tuple(_line(each) for each in departures) or (Line("no profiles are stored, so nothing was removed"),)
    if not kept:
        return Answer(page=page, result=result)
    problem = kept[0].problem
    assert problem is not None  # noqa: S101 - as it was kept
    title = f"{len(kept)} of {len(departures)} profiles were kept; {kept[0].name}: {problem.message}"
    error = ErrorReport(status=ExitStatus.NOT_CONFIGURED, title=title, fix=problem.fix, command=problem.command)
    return Answer(page=page, result=result, status=ExitStatus.NOT_CONFIGURED, error=error)


def _row(departure: Departure) -> ProfileLogout:
    done = departure.done
    return ProfileLogout(
        profile=departure.name,
        kind=departure.kind,
        store=departure.store,
        removed=done is not None and done.was_found,
        revoked=None if done is None else done.is_revoked,
        left=tuple(notice.message for notice in departure.left),
        problem=None if departure.problem is None else departure.problem.message,
    )


def _line(departure: Departure) -> Line:
    name, done = departure.name, departure.done
    if departure.problem is not None:
        return Line(f"kept profile {name}: {departure.problem.message}", Tone.BAD)
    if done is None or not done.was_found:
        return Line(f"profile {name} was removed meanwhile")
    if departure.left:
        return Line(
            f"removed profile {name}, but {'; '.join(each.message for each in departure.left)}", Tone.WARNING
        )
    signed_out = ", and signed its user out at Zoom" if done.is_revoked else ""
    return Line(f"removed profile {name} and its secret{signed_out}", Tone.GOOD)


def _page(result: AuthLogoutResult) -> Page:
    if result.profile is None:
        return (Line("no profile is current, so there was nothing to remove"),)
    if not result.removed:
        return (Line(f"there is no profile {result.profile}, so there was nothing to remove"),)
    removed = Line(f"removed profile {result.profile} and its secret", Tone.GOOD)
    if not result.was_current:
        return (removed,)
    others = f"; left: {', '.join(result.profiles)} (zoomcall auth switch NAME)" if result.profiles else ""
    return (removed, Line(f"no profile is current now{others}"))
