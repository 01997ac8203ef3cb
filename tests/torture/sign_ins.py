"""Sign-ins with the browser, renewals and sign-outs under faults: nobody is signed out without being told."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext

from torture.calls import check_clock
from torture.faults import Fault
from torture.lab import Outcome, Place
from torture.scenario import NOTHING_RINGS, Scenario, filled, left_over
from torture.user_zoom import browser_at

_SIGNED_OUT = {3, 4}
_PROFILE = ("-p", "{profile}")
_LOGIN = ("auth", "login", "--kind", "oauth", "--client-id", "{client_id}", *_PROFILE)
WHOAMI = ("whoami", "--json", *_PROFILE)
LOGIN_LINE = "zoomcall auth login"
_CUTS = {"send", "receive", "poll", "connect", "memory"}
"""The kinds of calls without which Zoom's answer does not arrive, or has no place."""


def sign_in_on_device(place: Place) -> None:
    """Sign in, without a fault."""
    done = place.run(filled((*_LOGIN, *_store(place), "--device"), place), place.bases)
    assert done.code == 0, done.stderr


def with_stale_token(place: Place) -> None:
    """Sign in, and let the access token be nearly over."""
    with place.users.short_lives():
        sign_in_on_device(place)


def _store(place: Place) -> tuple[str, str]:
    return "--store", "keyring" if place.has_keyring else "file"


def _beside_browser(place: Place) -> AbstractContextManager[None]:
    return browser_at(place.folder / "stderr0")


def whoami(place: Place) -> Outcome:
    """Return what the next command finds."""
    return place.run(filled(WHOAMI, place), place.bases)


def check_next(place: Place, outcome: Outcome, *, is_loss_allowed: bool) -> Iterator[str]:
    """The next command gets a token, or tells how to sign in again; then signing in again helps."""
    renewals = place.users.renewals
    again = whoami(place)
    told = again.stdout + again.stderr
    if again.code not in {0, *_SIGNED_OUT}:
        yield f"exit {outcome.code}, and then the next command ends in {again.code}: {told}"
    if again.code != 0 and LOGIN_LINE not in told:
        yield f"exit {outcome.code}, and then exit {again.code} without the line that signs in: {told}"
    if again.code != 0 and not is_loss_allowed:
        yield f"exit {outcome.code}, and then signed out: {outcome.stderr or outcome.stdout}"
    if place.users.renewals > renewals + 1:
        yield "the next command renewed more than once"
    yield from place.users.early
    sign_in_on_device(place)
    if whoami(place).code != 0:
        yield "signing in again does not help"
    yield from left_over(place)


def _check_login(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Signed in, or told how to."""
    yield from check_clock(fault, outcome)
    if outcome.code == 0 and not place.users.is_signed_in:
        yield "exit 0, but nobody is signed in"
    yield from check_next(place, outcome, is_loss_allowed=outcome.code != 0)


def _is_told(outcome: Outcome) -> bool:
    return outcome.code in _SIGNED_OUT and LOGIN_LINE in outcome.stdout + outcome.stderr


def _check_renewal(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Renewed once and stored; lost only with Zoom's answer, or with the process."""
    yield from check_clock(fault, outcome)
    if place.users.renewals > 1:
        yield f"renewed {place.users.renewals} times"
    if outcome.code == 0 and not place.is_stored(place.users.refresh_tokens[-1]):
        yield "exit 0, but the newest refresh token is not stored"
    is_cut = outcome.is_killed or fault.kind in _CUTS
    is_loss_allowed = is_cut or _is_told(outcome)
    yield from check_next(place, outcome, is_loss_allowed=is_loss_allowed)


def _check_mint(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """A token that is stored, or none."""
    token = outcome.stdout.strip()
    if outcome.code == 0 and not (token and place.is_stored(token)):
        yield f"the token printed is not the one stored: {outcome.stdout!r}"
    if outcome.code not in {0, 1} and outcome.stdout:
        yield "a token beside a failure"
    if any(token in outcome.stdout + outcome.stderr for token in place.users.refresh_tokens):
        yield "a refresh token in the output"
    yield from _check_renewal(place, fault, outcome)


def _check_invite(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """As for every renewal; the room rings once at most, and the exit code is true."""
    if place.rings > 1:
        yield f"rang {place.rings} times"
    if outcome.code in NOTHING_RINGS and place.rings:
        yield f"exit {outcome.code}, but the room rang"
    if outcome.code == 0 and not place.rings:
        yield "exit 0, but the room did not ring"
    yield from _check_renewal(place, fault, outcome)


def _check_logout(place: Place, fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Gone here and at Zoom, or told what is left; a second logout removes the rest."""
    yield from check_clock(fault, outcome)
    told = outcome.stdout + outcome.stderr
    if outcome.code == 0 and place.users.is_signed_in and "not revoked" not in told:
        yield "exit 0, but the sign-in goes on at Zoom"
    if outcome.code == 0 and _is_left(place) and "may still be" not in told:
        yield "exit 0, but the tokens are still stored"
    again = whoami(place)
    is_out = again.code in _SIGNED_OUT and LOGIN_LINE in again.stdout + again.stderr
    if not is_out and (outcome.code == 0 or again.code != 0):
        yield f"exit {outcome.code}, and then the next command ends in {again.code}: {again.stdout}{again.stderr}"
    second = place.run(filled(("auth", "logout", *_PROFILE), place), place.bases)
    if second.code != 0 or (_is_left(place) and "may still be" not in told + second.stderr):
        yield f"the next logout ends in {second.code}: {second.stderr}"
    sign_in_on_device(place)
    yield from left_over(place)


def _is_left(place: Place) -> bool:
    return any(place.is_stored(token) for token in place.users.refresh_tokens)


def _scenario(
    name: str,
    arguments: tuple[str, ...],
    check: Callable[[Place, Fault, Outcome], Iterator[str]],
    prepare: Callable[[Place], None],
    *,
    has_keyring: bool = False,
    prints_token: bool = False,
    beside: Callable[[Place], AbstractContextManager[None]] | None = None,
) -> Scenario:
    return Scenario(
        name,
        arguments,
        check,
        prepare,
        has_environment=False,
        has_user=True,
        has_keyring=has_keyring,
        prints_token=prints_token,
        beside=beside or (lambda _: nullcontext()),
        awaits_user=beside is not None,
    )


_IN_FILE, _IN_KEYRING = ("--store", "file"), ("--store", "keyring")
_INVITE = ("invite", "sip", "{room}", "--meeting", "{meeting}", "--no-wait", "--json", *_PROFILE)

SIGN_INS = (
    _scenario(
        "auth login (browser)",
        (*_LOGIN, *_IN_FILE, "--no-browser"),
        _check_login,
        lambda _: None,
        beside=_beside_browser,
    ),
    _scenario("auth login (device)", (*_LOGIN, *_IN_FILE, "--device"), _check_login, with_stale_token),
    _scenario(
        "auth login (device, keyring)",
        (*_LOGIN, *_IN_KEYRING, "--device"),
        _check_login,
        with_stale_token,
        has_keyring=True,
    ),
    _scenario("whoami (renewal)", WHOAMI, _check_renewal, with_stale_token),
    _scenario("whoami (renewal, keyring)", WHOAMI, _check_renewal, with_stale_token, has_keyring=True),
    _scenario(
        "token mint (renewal)", ("token", "mint", *_PROFILE), _check_mint, with_stale_token, prints_token=True
    ),
    _scenario("invite (renewal)", _INVITE, _check_invite, with_stale_token),
    _scenario("auth logout (sign-in)", ("auth", "logout", *_PROFILE), _check_logout, sign_in_on_device),
)
