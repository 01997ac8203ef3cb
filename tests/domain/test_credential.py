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
