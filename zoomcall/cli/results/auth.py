"""Results of ``auth``."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from zoomcall.domain.credential import CredentialKind, CredentialLabel, CredentialSource
from zoomcall.domain.profile import Store
from zoomcall.domain.target import Api


class AuthLoginResult(Struct, frozen=True, kw_only=True):
    """The profile that was stored."""

    profile: Annotated[str, Meta(description="The profile's name.")]
    kind: Annotated[CredentialKind, Meta(description="The kind of credential.")]
    key_id: Annotated[str | None, Meta(description="The public part: API key or client id.")]
    store: Annotated[Store, Meta(description="Where the secret is kept.")]
    verified: Annotated[bool, Meta(description="Zoom was asked and accepted it.")]
    current: Annotated[bool, Meta(description="It is now the current profile.")]
    replaced: Annotated[bool, Meta(description="It replaced a profile of the same name.")]


class ProfileLogout(Struct, frozen=True, kw_only=True):
    """What became of one profile."""

    profile: Annotated[str, Meta(description="Its name.")]
    kind: Annotated[CredentialKind | None, Meta(description="Its kind; null if it could not be read.")]
    store: Annotated[Store | None, Meta(description="Where its secret was; null if it could not be read.")]
    removed: Annotated[bool, Meta(description="It was removed.")]
    revoked: Annotated[
        bool | None, Meta(description="The user's sign-in was ended at Zoom; null if there was none.")
    ]
    left: Annotated[tuple[str, ...], Meta(description="What may be left of it, and how to remove that.")]
    problem: Annotated[str | None, Meta(description="Why it was kept.")]


class AuthLogoutResult(Struct, frozen=True, kw_only=True):
    """The profile that was removed, or with --all every profile."""

    profile: Annotated[str | None, Meta(description="Its name; null if none was named and none is current.")]
    removed: Annotated[bool, Meta(description="There was such a profile.")]
    was_current: Annotated[bool, Meta(description="It was the current profile; none is now.")]
    profiles: Annotated[tuple[str, ...], Meta(description="The profiles that are left.")]
    all: Annotated[tuple[ProfileLogout, ...] | None, Meta(description="Each profile; null without --all.")] = None


class AuthStatusResult(Struct, frozen=True, kw_only=True, rename={"api": "for"}):
    """The active credential."""

    profile: Annotated[str | None, Meta(description="Its profile; null for one from the environment.")]
    kind: Annotated[CredentialKind, Meta(description="The kind of credential.")]
    source: Annotated[CredentialSource, Meta(description="Where its secret was found.")]
    key_id: Annotated[str | None, Meta(description="The public part: API key or client id.")]
    api: Annotated[Api | None, Meta(description="What a token is for, if its profile says so.")]
    api_base: Annotated[str, Meta(description="The URL that API requests start with.")]
    current: Annotated[bool, Meta(description="It is the current profile.")]
    hidden: Annotated[tuple[CredentialLabel, ...], Meta(description="Credentials that were found and not used.")]


class StoredProfile(Struct, frozen=True, kw_only=True, rename={"api": "for"}):
    """One stored profile; all but its name is null if it cannot be used."""

    profile: Annotated[str, Meta(description="The profile's name.")]
    kind: Annotated[CredentialKind | None, Meta(description="The kind of credential.")]
    key_id: Annotated[str | None, Meta(description="The public part: API key or client id.")]
    store: Annotated[Store | None, Meta(description="Where the secret is kept.")]
    api: Annotated[Api | None, Meta(description="What a token is for, if the profile says so.")]
    api_base: Annotated[str | None, Meta(description="The URL that API requests start with.")]
    current: Annotated[bool, Meta(description="It is the current profile.")]
    problem: Annotated[str | None, Meta(description="Why it cannot be used.")]


class AuthListResult(Struct, frozen=True, kw_only=True):
    """The stored profiles."""

    current: Annotated[str | None, Meta(description="The current profile.")]
    profiles: Annotated[tuple[StoredProfile, ...], Meta(description="Every stored profile, by name.")]


class AuthSwitchResult(Struct, frozen=True, kw_only=True):
    """The profile that is now current."""

    profile: Annotated[str, Meta(description="Its name.")]
    kind: Annotated[CredentialKind, Meta(description="The kind of credential.")]
    previous: Annotated[str | None, Meta(description="The profile that was current before.")]
