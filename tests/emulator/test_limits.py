"""Rate limits by plan, with literals from zoom-api 8."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from emulator.hand_made import GOOD_TOKEN, TEN_O_CLOCK, Caller

from zoomcall.emulator.limits import Label, Limiter, Plan
from zoomcall.emulator.messages import Refusal
from zoomcall.emulator.running import Emulator

PER_SECOND = "You have reached the maximum per-second rate limit for this API. Try again later."


def admitted(limiter: Limiter, label: Label, now: datetime, tries: int = 200) -> int:
    for count in range(tries):
        try:
            limiter.admit(label, now=now)
        except Refusal:
            return count
    return tries


@pytest.mark.parametrize(
    ("plan", "label", "at_once"),
    [
        (Plan.FREE, Label.LIGHT, 4),
        (Plan.FREE, Label.MEDIUM, 2),
        (Plan.FREE, Label.HEAVY, 1),
        (Plan.FREE, Label.RESOURCE_INTENSIVE, 10),
        (Plan.PRO, Label.LIGHT, 30),
        (Plan.PRO, Label.MEDIUM, 20),
        (Plan.PRO, Label.HEAVY, 10),
        (Plan.PRO, Label.RESOURCE_INTENSIVE, 10),
        (Plan.BUSINESS, Label.LIGHT, 80),
        (Plan.BUSINESS, Label.MEDIUM, 60),
        (Plan.BUSINESS, Label.HEAVY, 40),
        (Plan.BUSINESS, Label.RESOURCE_INTENSIVE, 20),
        (Plan.NONE, Label.RESOURCE_INTENSIVE, 200),
    ],
)
def test_a_plan_admits_so_many_at_once(plan: Plan, label: Label, at_once: int) -> None:
    assert admitted(Limiter(plan), label, TEN_O_CLOCK) == at_once


def test_a_second_later_there_is_room_again() -> None:
    limiter = Limiter(Plan.FREE)
    assert admitted(limiter, Label.MEDIUM, TEN_O_CLOCK) == 2
    assert admitted(limiter, Label.MEDIUM, TEN_O_CLOCK + timedelta(seconds=0.4)) == 0
    assert admitted(limiter, Label.MEDIUM, TEN_O_CLOCK + timedelta(seconds=1)) == 2
    assert admitted(limiter, Label.LIGHT, TEN_O_CLOCK + timedelta(seconds=1)) == 4


def test_a_resource_intensive_request_comes_back_after_its_part_of_a_minute() -> None:
    limiter = Limiter(Plan.BUSINESS)
    assert admitted(limiter, Label.RESOURCE_INTENSIVE, TEN_O_CLOCK) == 20
    assert admitted(limiter, Label.RESOURCE_INTENSIVE, TEN_O_CLOCK + timedelta(seconds=2.9)) == 0
    assert admitted(limiter, Label.RESOURCE_INTENSIVE, TEN_O_CLOCK + timedelta(seconds=3)) == 1


def test_a_day_has_its_own_limit_and_says_when_it_ends() -> None:
    limiter = Limiter(Plan.FREE)
    start = datetime(2026, 11, 21, 0, 0, tzinfo=UTC)
    for count in range(1000):
        limiter.admit(Label.HEAVY, now=start + timedelta(seconds=2 * count))
    with pytest.raises(Refusal) as refused:
        limiter.admit(Label.HEAVY, now=start + timedelta(hours=2))
    reply = refused.value.reply
    headers = dict(reply.headers)
    assert reply.status == 429
    assert "maximum daily rate limit" in json.loads(reply.body)["message"]
    assert headers["Retry-After"] == "2026-11-22T00:00:00Z"
    assert headers["X-RateLimit-Type"] == "Daily-limit"
    limiter.admit(Label.HEAVY, now=datetime(2026, 11, 22, 0, 0, tzinfo=UTC))


def test_a_plan_holds_on_the_wire(make_zoom: Callable[..., Emulator]) -> None:
    zoom = make_zoom(plan=Plan.FREE)
    zoom.open_session("Limited", identifier="KkMH")
    call = Caller(zoom.base, {"Authorization": f"Bearer {GOOD_TOKEN}"})
    assert call("GET", "/v2/videosdk/sessions/KkMH/users").status == 200
    answer = call("GET", "/v2/videosdk/sessions/KkMH/users")
    assert answer.refusal == (429, 429, PER_SECOND)
    assert answer.headers["X-RateLimit-Category"] == "Heavy"
    assert answer.headers["X-RateLimit-Type"] == "QPS"
    assert "Retry-After" not in answer.headers


def test_a_refused_token_costs_nothing(make_zoom: Callable[..., Emulator]) -> None:
    zoom = make_zoom(plan=Plan.FREE)
    zoom.open_session("Limited", identifier="KkMH")
    call = Caller(zoom.base)
    for _ in range(3):
        assert call("GET", "/v2/videosdk/sessions/KkMH/users", Authorization="Bearer x").status == 401
    good = call("GET", "/v2/videosdk/sessions/KkMH/users", Authorization=f"Bearer {GOOD_TOKEN}")
    assert good.status == 200
