"""Logins, logouts and tokens under faults, with a file and with a keyring as the store."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping

import jwt

from torture.faults import Fault
from torture.lab import Outcome, Place
from torture.scenario import SENTINELS, Scenario, left_over

OLD = {"key": "key-old", "secret": SENTINELS[0]}
NEW = {"key": "key-new", "secret": SENTINELS[1]}
_SERVICE = "zoomcall"


def login_line(pair: Mapping[str, str], place: Place, profile: str | None = None) -> list[str]:
    """Return the command line that stores a pair; it reads the secret from stdin."""
    words = ("auth", "login", "--kind", "videosdk", "--api-key", pair["key"], "--secret-stdin", "--no-verify")
    return [*words, "--store", "keyring" if place.has_keyring else "file", "-p", profile or place.profile]


def _log_in(place: Place, pair: Mapping[str, str], profile: str | None = None) -> None:
    done = place.run(login_line(pair, place, profile), {}, stdin=pair["secret"].encode())
    assert done.code == 0, done.stderr


def mint_of(place: Place) -> str | None:
    """Return which pair a token is minted with: old, new, mixed, or None if none is."""
    minted = place.run(["token", "mint", "-p", place.profile], {})
    if minted.code != 0:
        return None
    token = minted.stdout.strip()
    issuer = jwt.decode(token, options={"verify_signature": False})["iss"]
    pair = next(pair for pair in (OLD, NEW) if pair["key"] == issuer)
    try:
        jwt.decode(token, pair["secret"], algorithms=["HS256"], options={"verify_exp": False})
    except jwt.InvalidSignatureError:
        return "mixed"
    return "old" if pair is OLD else "new"


def _with_old(place: Place) -> None:
    """Store the old pair."""
    _log_in(place, OLD)


def _with_two(place: Place) -> None:
    """Store the old pair, and the new one in a second profile."""
    _log_in(place, OLD)
    _log_in(place, NEW, "other")


def _case(outcome: Outcome) -> str:
    return "killed" if outcome.is_killed else "ok" if outcome.code == 0 else "failed"


def _pair(allowed: Mapping[str, frozenset[str | None]], place: Place, outcome: Outcome) -> Iterator[str]:
    which = mint_of(place)
    if which not in allowed[_case(outcome)]:
        yield f"exit {outcome.code}, and then the token is of {which}: {outcome.stderr}"


def _check_login(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Old or new, never one's key with the other's secret."""
    allowed = {
        "ok": frozenset({"new"}),
        "failed": frozenset({"old", "new"} | ({None} if "auth login" in outcome.stderr else set())),
        "killed": frozenset({"old", "new", None}),
    }
    yield from _pair(allowed, place, outcome)
    _log_in(place, NEW)
    if mint_of(place) != "new":
        yield "the next login does not help"
    yield from left_over(place)


def _check_logout(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """Gone, or still whole; what is left is said."""
    allowed = {
        "ok": frozenset({None}),
        "failed": frozenset({"old", None}),
        "killed": frozenset({"old", None}),
    }
    yield from _pair(allowed, place, outcome)
    again = place.run(["auth", "logout", "-p", place.profile], {})
    stored = [path for path in place.config.rglob("*") if path.is_file() and OLD["secret"] in path.read_text()]
    if place.keyring is not None and place.keyring.lookup(service=_SERVICE, username=place.profile) is not None:
        stored.append(place.config / "the keyring")
    is_known = outcome.code not in {0, 3} and "keyring" in outcome.stderr + again.stderr  # it said what is left
    if again.code not in {0, 3} or (stored and not is_known):
        yield f"the next logout ends in {again.code} and leaves {stored}: {outcome.stderr}"
    _log_in(place, NEW)
    yield from left_over(place)


def _check_switch(place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """The one or the other profile is current, and both are whole."""
    shown = place.run(["auth", "list", "--json"], {})
    document = shown.document
    if document is None or shown.code != 0:
        yield f"auth list then ends in {shown.code}: {shown.stderr}"
        return
    current = [row["profile"] for row in document["result"]["profiles"] if row["current"]]
    allowed = {"ok": ["other"], "failed": [place.profile, "other"], "killed": [place.profile, "other"]}
    if len(current) != 1 or current[0] not in allowed[_case(outcome)]:
        yield f"exit {outcome.code}, and then {current} is current"
    if mint_of(place) != "old":
        yield "the first profile has lost its secret"
    again = place.run(["auth", "switch", "other"], {})
    if again.code != 0:
        yield f"the next switch ends in {again.code}: {again.stderr}"
    yield from left_over(place)


def _check_mint(_place: Place, _fault: Fault, outcome: Outcome) -> Iterator[str]:
    """A token, or none."""
    if outcome.code == 0 and outcome.stdout.count(".") != 2:
        yield f"no token: {outcome.stdout!r}"
    if outcome.code not in {0, 1} and outcome.stdout:
        yield "a token beside a failure"


_LOGIN = ("auth", "login", "--kind", "videosdk", "--api-key", NEW["key"], "--secret-stdin", "--no-verify")
_PROFILE = ("-p", "{profile}")


def _scenarios(*, has_keyring: bool) -> Iterator[Scenario]:
    store = "keyring" if has_keyring else "file"
    lines: tuple[tuple[tuple[str, ...], Callable[[Place, Fault, Outcome], Iterator[str]]], ...] = (
        ((*_LOGIN, "--store", store, *_PROFILE), _check_login),
        (("auth", "logout", *_PROFILE), _check_logout),
        (("token", "mint", *_PROFILE), _check_mint),
    )
    for arguments, check in lines:
        name = " ".join((*arguments[:2], *(["(keyring)"] if has_keyring else [])))
        yield Scenario(
            name,
            arguments,
            check,
            _with_old,
            stdin=NEW["secret"].encode(),
            has_environment=False,
            has_keyring=has_keyring,
        )


CREDENTIALS = (
    *itertools.chain(_scenarios(has_keyring=False), _scenarios(has_keyring=True)),
    Scenario("auth switch", ("auth", "switch", "other"), _check_switch, _with_two, has_environment=False),
)
