import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.secret import Secret
from zoomcall.domain.signature import encrypted_token, is_genuine, moment_of, sign

VECTORS = json.loads(Path(__file__).with_name("signature_vectors.json").read_text(encoding="utf-8"))


def named(row: dict[str, Any]) -> str:
    name: str = row["name"]
    return name


@pytest.mark.parametrize("row", VECTORS["valid"], ids=named)
def test_a_genuine_signature_fits(row: dict[str, str]) -> None:
    secret, body = Secret(row["secret"]), row["body"].encode()
    assert sign(secret, row["timestamp"], body) == row["signature"]
    assert is_genuine(secret, signature=row["signature"], timestamp=row["timestamp"], body=body)


@pytest.mark.parametrize("row", VECTORS["invalid"], ids=named)
def test_a_signature_that_was_tampered_with_does_not_fit(row: dict[str, str]) -> None:
    body = row["body"].encode()
    assert not is_genuine(Secret(row["secret"]), signature=row["signature"], timestamp=row["timestamp"], body=body)


@pytest.mark.parametrize("row", VECTORS["url_validation"], ids=lambda row: row["plainToken"])
def test_a_url_validation_is_answered_as_zoom_wants(row: dict[str, str]) -> None:
    assert encrypted_token(Secret(row["secret"]), row["plainToken"]) == row["encryptedToken"]


@given(secret=st.text(), timestamp=st.text(), body=st.binary(), signature=st.text())
def test_whatever_a_header_holds_is_compared_and_never_raises(
    secret: str, timestamp: str, body: bytes, signature: str
) -> None:
    key = Secret(secret)
    assert is_genuine(key, signature=sign(key, timestamp, body), timestamp=timestamp, body=body)
    assert not is_genuine(key, signature=signature, timestamp=timestamp, body=body)


@given(body=st.binary(min_size=1), data=st.data())
def test_every_bit_of_the_body_counts(body: bytes, data: st.DataObject) -> None:
    key = Secret("key")
    place = data.draw(st.integers(0, len(body) - 1))
    changed = body[:place] + bytes([body[place] ^ (1 << data.draw(st.integers(0, 7)))]) + body[place + 1 :]
    assert not is_genuine(key, signature=sign(key, "1", body), timestamp="1", body=changed)


def test_a_comparison_takes_as_long_for_a_near_miss_as_for_a_far_one(monkeypatch: pytest.MonkeyPatch) -> None:
    compared = []

    def compare(one: bytes, other: bytes) -> bool:
        compared.append((one, other))
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert not is_genuine(Secret("key"), signature="v0=0", timestamp="1", body=b"")
    assert [other for _, other in compared] == [b"v0=0"]


def test_a_timestamp_is_seconds_since_1970() -> None:
    assert moment_of("1720705455") == datetime(2024, 7, 11, 13, 44, 15, tzinfo=UTC)
    assert moment_of("0") == datetime(1970, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    "text", ["", "1720705455858", "999999999999", "-1", "1e9", " 1720705455", "1720705455\n", "١٧٢٠٧٠٥٤٥٥", "now"]
)
def test_anything_else_is_no_timestamp(text: str) -> None:
    assert moment_of(text) is None


def test_signing_a_megabyte_takes_no_time() -> None:
    body = b"x" * 1_000_000
    began = time.process_time()
    for _ in range(10):
        sign(Secret("key"), "1720705455", body)
    assert time.process_time() - began < 5
