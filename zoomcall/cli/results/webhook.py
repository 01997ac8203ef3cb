"""Results of ``webhook``."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from zoomcall.cli.render.json import Time
from zoomcall.domain.cause import Cause, Checked
from zoomcall.domain.profile import Store
from zoomcall.usecases.replaying import Replayed


class WebhookServeResult(Struct, frozen=True, kw_only=True):
    """What the receiver took until it was stopped."""

    url: Annotated[str, Meta(description="The URL that it listened on.")]
    events: Annotated[int, Meta(description="Events accepted, each request id once.")]
    repeated: Annotated[int, Meta(description="Requests whose id was already known.")]
    refused: Annotated[dict[str, int], Meta(description="How many requests were refused, by reason.")]
    forwarded: Annotated[int | None, Meta(description="Events forwarded; null without --forward-to.")]
    not_forwarded: Annotated[int | None, Meta(description="Events not forwarded; null without --forward-to.")]


class WebhookVerifyResult(Struct, frozen=True, kw_only=True):
    """Whether a request was signed with the webhook secret."""

    signature: Annotated[Literal["valid", "invalid"], Meta(description="Whether the signature is right.")]
    event: Annotated[str | None, Meta(description="The event's name, as far as the body can be read.")]
    signed_at: Annotated[Time | None, Meta(description="When it was signed.")]
    age_seconds: Annotated[int | None, Meta(description="Its age; negative if ahead of this machine's clock.")]
    findings: Annotated[tuple[Cause, ...], Meta(description="What is wrong, the likeliest first.")]
    checked: Annotated[tuple[Checked, ...], Meta(description="What was checked and found fine.")]


class WebhookReplayResult(Struct, frozen=True, kw_only=True):
    """How the endpoint answered replayed events."""

    to: Annotated[str, Meta(description="The endpoint.")]
    sent: Annotated[int, Meta(description="Events that it answered.")]
    accepted: Annotated[int, Meta(description="Events that it answered with 2xx.")]
    refused: Annotated[int, Meta(description="Events that it answered otherwise.")]
    unsent: Annotated[int, Meta(description="Events that were left when it could not be reached.")]
    events: Annotated[tuple[Replayed, ...], Meta(description="The events that it answered, in order.")]


class WebhookSecretSetResult(Struct, frozen=True, kw_only=True):
    """The webhook secret that was stored."""

    profile: Annotated[str, Meta(description="The profile's name.")]
    store: Annotated[Store, Meta(description="Where the secret is kept.")]
    replaced: Annotated[bool, Meta(description="It replaced another.")]


class WebhookSecretRemoveResult(Struct, frozen=True, kw_only=True):
    """The webhook secret that was removed."""

    profile: Annotated[str, Meta(description="The profile's name.")]
    store: Annotated[Store, Meta(description="Where the secret was kept.")]
    removed: Annotated[bool, Meta(description="There was one.")]
