"""Times in a token against two clocks: each rule at its border, to the second."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from tokens import API_CLAIMS, NOW, NOW_SECONDS, jwt, without

from zoomcall.domain.cause import Certainty
from zoomcall.domain.secret import Secret
from zoomcall.knowledge.facts import Facts
from zoomcall.knowledge.finding import Finding, Rule
from zoomcall.knowledge.token_rules import (
    clock_skew,
    lifetime_too_long,
    local_time_as_utc,
    token_expired,
    token_not_yet_valid,
)

CERTAIN, LIKELY, POSSIBLE = Certainty.CERTAIN, Certainty.LIKELY, Certainty.POSSIBLE
FINE = "fine"


def facts(ours: float | None = 0, zooms: float | None = None, **claims: float) -> Facts:
    """Return facts of a token whose times, like the clocks, are given in seconds from now."""

    def moment(seconds: float | None) -> datetime | None:
        return None if seconds is None else NOW + timedelta(seconds=seconds)

    times = {name: int(NOW_SECONDS + seconds) for name, seconds in claims.items()}
    token = jwt(without(API_CLAIMS, "iat", "exp") | times)
    return Facts(bearer=Secret(token), local_time=moment(ours), zoom_time=moment(zooms))


def certainty_of(rule: Rule, given: Facts) -> Certainty | str | None:
    found = rule(given)
    if found is None:
        return None
    return found.certainty if isinstance(found, Finding) else FINE


@pytest.mark.parametrize(
    ("given", "certainty"),
    [
        ({"exp": 1}, FINE),
        ({"exp": 0}, CERTAIN),
        ({"exp": -1}, CERTAIN),
        ({"exp": 1, "zooms": 1}, CERTAIN),
        ({"exp": -1, "zooms": -2}, FINE),
        ({"exp": 1, "ours": None}, None),
        ({}, None),
    ],
)
def test_a_token_expires_at_exp_by_zooms_clock_if_that_is_known(
    given: dict[str, Any], certainty: Certainty | str | None
) -> None:
    assert certainty_of(token_expired, facts(**given)) == certainty


@pytest.mark.parametrize("claim", ["iat", "nbf"])
@pytest.mark.parametrize(
    ("seconds", "clocks", "certainty"),
    [
        (0, {}, FINE),
        (1, {}, LIKELY),
        (60, {}, LIKELY),
        (61, {}, CERTAIN),
        (1, {"zooms": 0}, LIKELY),
        (2, {"zooms": 0}, LIKELY),
        (3, {"zooms": 0}, CERTAIN),
        (3, {"zooms": 3}, FINE),
        (1e10, {}, CERTAIN),
    ],
)
def test_a_time_ahead_is_the_surer_the_better_the_clock(
    claim: str, seconds: float, clocks: dict[str, float], certainty: Certainty | str
) -> None:
    assert certainty_of(token_not_yet_valid, facts(**clocks, **{claim: seconds})) == certainty


def test_a_time_that_is_fine_is_told_with_its_clock() -> None:
    found = token_not_yet_valid(facts(iat=-60, nbf=-60))
    assert found is not None
    assert found.evidence.endswith(", in the past by this machine's clock")
    assert found.evidence.startswith("nbf is ")
    assert " and iat is " in found.evidence
    assert token_not_yet_valid(facts()) is None


@pytest.mark.parametrize(
    ("ours", "zooms", "claims", "certainty", "words"),
    [
        (0, 0, {}, FINE, "the clocks agree"),
        (0.4, 0, {}, FINE, "the clocks agree"),
        (1, 0, {}, FINE, "this machine's clock is 1 second ahead of Zoom's"),
        (29, 0, {}, FINE, "29 seconds ahead of"),
        (-29, 0, {}, FINE, "29 seconds behind"),
        (30, 0, {}, POSSIBLE, "30 seconds ahead of"),
        (-30, 0, {}, POSSIBLE, "30 seconds behind"),
        (-10, 0, {"exp": 0}, CERTAIN, "exp is still ahead here but past there"),
        (-10, 0, {"exp": -9}, CERTAIN, "exp is still ahead here but past there"),
        (-10, 0, {"exp": -10}, FINE, "10 seconds behind"),
        (-10, 0, {"exp": 1}, FINE, "10 seconds behind"),
        (10, 0, {"iat": 10}, CERTAIN, "iat is past here but still ahead there"),
        (10, 0, {"nbf": 3}, CERTAIN, "nbf is past here but still ahead there"),
        (10, 0, {"iat": 2}, LIKELY, "iat is past here but still ahead there"),
        (10, 0, {"iat": 1}, LIKELY, "iat is past here but still ahead there"),
        (10, 0, {"iat": 0}, FINE, "10 seconds ahead of"),
        (10, 0, {"iat": 11}, FINE, "10 seconds ahead of"),
    ],
)
def test_the_clocks_are_at_fault_where_a_time_lies_between_them(
    ours: float, zooms: float, claims: dict[str, float], certainty: Certainty | str, words: str
) -> None:
    given = facts(ours, zooms, **claims)
    assert certainty_of(clock_skew, given) == certainty
    found = clock_skew(given)
    assert found is not None
    assert words in found.evidence


def test_one_clock_alone_is_not_compared() -> None:
    assert clock_skew(facts(0, None)) is None
    assert clock_skew(facts(None, 0)) is None
    assert certainty_of(clock_skew, Facts(local_time=NOW, zoom_time=NOW)) == FINE


HOUR = 3600


@pytest.mark.parametrize(
    ("iat", "certainty"),
    [
        (1 * HOUR, LIKELY),
        (1 * HOUR + 5, LIKELY),
        (1 * HOUR + 6, None),
        (1 * HOUR - 120, LIKELY),
        (1 * HOUR - 121, None),
        (5.5 * HOUR, LIKELY),
        (5.75 * HOUR, LIKELY),
        (8.75 * HOUR, LIKELY),
        (12.75 * HOUR, LIKELY),
        (5.25 * HOUR, None),
        (6.25 * HOUR, None),
        (14 * HOUR, LIKELY),
        (14.5 * HOUR, None),
        (0, None),
        (5, None),
        (-1 * HOUR, POSSIBLE),
        (-12 * HOUR, POSSIBLE),
        (-12.5 * HOUR, None),
    ],
)
def test_a_time_is_off_by_a_zone_if_it_is_off_by_just_that(iat: float, certainty: Certainty | None) -> None:
    assert certainty_of(local_time_as_utc, facts(iat=iat, exp=iat + 60)) == certainty
    assert certainty_of(local_time_as_utc, facts(nbf=iat, exp=iat + 60)) == certainty


@pytest.mark.parametrize(
    ("given", "certainty"),
    [
        ({"iat": -HOUR, "exp": 0}, POSSIBLE),
        ({"iat": -HOUR, "exp": 1}, None),
        ({"iat": -HOUR}, None),
        ({"iat": HOUR}, LIKELY),
        ({"iat": HOUR, "ours": 120, "zooms": 0}, LIKELY),
        ({"iat": HOUR, "ours": 121, "zooms": 0}, None),
        ({"iat": HOUR, "ours": -121, "zooms": 0}, None),
        ({"exp": HOUR}, None),
    ],
)
def test_nothing_else_may_explain_the_time(given: dict[str, float], certainty: Certainty | None) -> None:
    assert certainty_of(local_time_as_utc, facts(**given)) == certainty


@pytest.mark.parametrize(
    ("iat", "words"),
    [
        (5.5 * HOUR, "offset of the time zone +05:30: local time was counted as UTC"),
        (-9.5 * HOUR, "it was issued 9 h 30 min ago, the offset of the time zone -09:30: if it is new"),
        (-10 * HOUR, "it was issued 10 h 00 min ago, the offset of the time zone -10:00: if it is new"),
    ],
)
def test_the_zone_is_named(iat: float, words: str) -> None:
    found = local_time_as_utc(facts(iat=iat, exp=iat + 60))
    assert found is not None
    assert words in found.evidence


@pytest.mark.parametrize(
    ("given", "certainty"),
    [
        ({"iat": 0, "exp": HOUR + 60}, None),
        ({"iat": 0, "exp": HOUR + 61}, POSSIBLE),
        ({"iat": -HOUR, "exp": 61}, POSSIBLE),
        ({"exp": HOUR + 60}, None),
        ({"exp": HOUR + 61}, POSSIBLE),
        ({"exp": HOUR + 61, "ours": None}, None),
        ({"iat": 0}, None),
    ],
)
def test_a_lifetime_is_long_from_an_hour_and_a_minute_on(
    given: dict[str, Any], certainty: Certainty | None
) -> None:
    assert certainty_of(lifetime_too_long, facts(**given)) == certainty
