from __future__ import annotations

import pytest

from zoomcall.domain.credential import (
    AccessToken,
    Bearer,
    Credential,
    CredentialKind,
    CredentialLabel,
    CredentialSource,
    HeldCredential,
    ServerToServerApp,
    VideoSdkKey,
)
from zoomcall.domain.secret import Secret
from zoomcall.domain.target import Api

TEXT = "Zq81kTw0-never-shown"

CREDENTIALS: list[tuple[Credential, str, str | None]] = [
    (VideoSdkKey("KEY", Secret(TEXT)), "videosdk", "KEY"),
    (ServerToServerApp("ACCOUNT", "CLIENT", Secret(TEXT)), "s2s", "CLIENT"),
    (Bearer(Secret(TEXT)), "token", None),
]


@pytest.mark.parametrize(("credential", "kind", "key_id"), CREDENTIALS)
def test_a_credential_tells_its_kind_and_its_public_part_alone(
    credential: Credential, kind: str, key_id: str | None
) -> None:
    assert (credential.kind.value, credential.key_id) == (kind, key_id)
    label = CredentialLabel(credential.kind, CredentialSource.ENV, "ZOOMCALL_API_SECRET")
    held = HeldCredential(credential=credential, label=label)
    assert not held.is_explicit
    token = AccessToken(text=Secret(TEXT), kind=credential.kind)
    assert TEXT not in f"{credential!r} {credential} {held!r} {held} {token!r} {token}"


def test_the_words_are_the_contracts() -> None:
    assert {kind.value for kind in CredentialKind} == {"videosdk", "s2s", "token", "oauth"}
    assert {source.value for source in CredentialSource} == {"env", "env-file", "keyring", "file"}


def test_each_api_takes_its_own_kinds_and_a_bearer_as_given() -> None:
    served = {api: {kind for kind in CredentialKind if api in kind.serves} for api in Api}
    assert served == {
        Api.SESSION: {CredentialKind.VIDEOSDK, CredentialKind.TOKEN},
        Api.MEETING: {CredentialKind.S2S, CredentialKind.TOKEN, CredentialKind.OAUTH},
    }


@pytest.mark.parametrize("source", CredentialSource)
def test_a_variable_holds_a_credential_of_the_environment_alone(source: CredentialSource) -> None:
    label = CredentialLabel(CredentialKind.TOKEN, source, "NAME")
    assert label.variable == ("NAME" if source.value.startswith("env") else None)


def test_a_kind_names_its_variables() -> None:
    assert {kind.value: (*kind.key_variables, kind.secret_variable) for kind in CredentialKind} == {
        "videosdk": ("ZOOMCALL_API_KEY", "ZOOMCALL_API_SECRET"),
        "s2s": ("ZOOMCALL_ACCOUNT_ID", "ZOOMCALL_CLIENT_ID", "ZOOMCALL_CLIENT_SECRET"),
        "token": ("ZOOMCALL_TOKEN",),
        "oauth": ("ZOOMCALL_CLIENT_ID", None),
    }
    assert [kind for kind in CredentialKind if kind.is_bearer] == [CredentialKind.TOKEN]
    assert all(kind.offer for kind in CredentialKind)
