"""Zoom's rate limits by plan (zoom-api 8)."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field

from zoomcall.domain.time_words import stamp
from zoomcall.emulator.messages import Refusal, refusal

PER_SECOND_MESSAGE = "You have reached the maximum per-second rate limit for this API. Try again later."


class Label(StrEnum):
    """Zoom's rate-limit label of an endpoint."""

    LIGHT = "Light"
    MEDIUM = "Medium"
    HEAVY = "Heavy"
    RESOURCE_INTENSIVE = "Resource-intensive"


class Plan(StrEnum):
    """The plan of the emulated account."""

    NONE = "none"
    FREE = "free"
    PRO = "pro"
    BUSINESS = "business"


class Rate(Struct, frozen=True):
    """A number of requests per number of seconds."""

    requests: int
    seconds: int = 1


class Quota(Struct, frozen=True):
    """A number of requests per UTC day, shared by some labels."""

    labels: frozenset[Label]
    requests: int


class _Limits(Struct, frozen=True):
    rates: Mapping[Label, Rate]
    quotas: tuple[Quota, ...]


_COSTLY = frozenset({Label.HEAVY, Label.RESOURCE_INTENSIVE})
_LIMITS: Mapping[Plan, _Limits] = {
    Plan.FREE: _Limits(
        {Label.LIGHT: Rate(4), Label.MEDIUM: Rate(2), Label.HEAVY: Rate(1), Label.RESOURCE_INTENSIVE: Rate(10, 60)},
        (
            Quota(frozenset({Label.LIGHT}), 6_000),
            Quota(frozenset({Label.MEDIUM}), 2_000),
            Quota(frozenset({Label.HEAVY}), 1_000),
            Quota(frozenset({Label.RESOURCE_INTENSIVE}), 30_000),
        ),
    ),
    Plan.PRO: _Limits(
        {
            Label.LIGHT: Rate(30),
            Label.MEDIUM: Rate(20),
            Label.HEAVY: Rate(10),
            Label.RESOURCE_INTENSIVE: Rate(10, 60),
        },
        (Quota(_COSTLY, 30_000),),
    ),
    Plan.BUSINESS: _Limits(
        {
            Label.LIGHT: Rate(80),
            Label.MEDIUM: Rate(60),
            Label.HEAVY: Rate(40),
            Label.RESOURCE_INTENSIVE: Rate(20, 60),
        },
        (Quota(_COSTLY, 60_000),),
    ),
}


class _Bucket(Struct):
    tokens: float
    filled_at: float


class Limiter(Struct):
    """Counts requests against the limits of one plan. Thread-safe."""

    plan: Plan = Plan.NONE
    _buckets: dict[Label, _Bucket] = field(default_factory=dict)
    _spent: dict[tuple[str, Quota], int] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def admit(self, label: Label, *, now: datetime) -> None:
        """Count one request.

        Raises:
            Refusal: 429; only the daily limit says when to retry (zoom-api 8).
        """
        limits = _LIMITS.get(self.plan)
        if limits is None:
            return
        with self._lock:
            self._spend_quotas(limits, label, now)
            self._draw(limits.rates[label], label, now.timestamp())

    def _spend_quotas(self, limits: _Limits, label: Label, now: datetime) -> None:
        today = now.astimezone(UTC)
        for quota in limits.quotas:
            if label not in quota.labels:
                continue
            key = (today.date().isoformat(), quota)
            if self._spent.get(key, 0) >= quota.requests:
                raise _daily(label, quota, today)
            self._spent[key] = self._spent.get(key, 0) + 1

    def _draw(self, rate: Rate, label: Label, second: float) -> None:
        bucket = self._buckets.setdefault(label, _Bucket(float(rate.requests), second))
        refill = max(0.0, second - bucket.filled_at) * rate.requests / rate.seconds
        bucket.tokens = min(float(rate.requests), bucket.tokens + refill)
        bucket.filled_at = second
        if bucket.tokens < 1:
            raise _per_second(label)
        bucket.tokens -= 1


def _per_second(label: Label) -> Refusal:
    return refusal(
        429,
        429,
        PER_SECOND_MESSAGE,
        headers=(("X-RateLimit-Category", label.value), ("X-RateLimit-Type", "QPS")),
    )


def _daily(label: Label, quota: Quota, today: datetime) -> Refusal:
    tomorrow = today.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    return refusal(
        429,
        429,
        "You have reached the maximum daily rate limit for this API. "
        "Refer to the response header for details on when you can make another request.",
        headers=(
            ("X-RateLimit-Category", label.value),
            ("X-RateLimit-Type", "Daily-limit"),
            ("X-RateLimit-Limit", str(quota.requests)),
            ("X-RateLimit-Remaining", "0"),
            ("Retry-After", stamp(tomorrow)),
        ),
    )
