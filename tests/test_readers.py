"""Every reader of the fuzzing table survives anything."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from readers import READERS, Reader

NAMES = [reader.name for reader in READERS]
ODD = st.one_of(
    st.binary(max_size=80),
    st.text(max_size=40).map(lambda text: text.encode("utf-8", "surrogatepass")),
    st.sampled_from(
        [b"", b"\0", b"\xff", b"\xed\xa0\x80", b"\r\n", b"'", b'"', b"\\", b"%00", b"[" * 2000, b"9" * 5000]
    ),
)


@st.composite
def mutated(draw: st.DrawFn, seeds: tuple[bytes, ...]) -> bytes:
    """Draw a seed in which some pieces were replaced, removed or doubled."""
    data = draw(st.sampled_from(seeds))
    for _ in range(draw(st.integers(0, 4))):
        start = draw(st.integers(0, len(data)))
        end = min(len(data), start + draw(st.integers(0, 12)))
        piece = draw(ODD | st.just(data[start:end] * 2))
        data = data[:start] + piece + data[end:]
    return data


@pytest.mark.parametrize("reader", READERS, ids=NAMES)
def test_a_reader_raises_nothing_but_the_programs_own_errors(reader: Reader) -> None:
    for seed in reader.seeds:
        reader.try_on(seed)

    @given(mutated(reader.seeds) | ODD)
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    def survives(data: bytes) -> None:
        reader.try_on(data)

    survives()


def test_every_reader_has_one_name() -> None:
    assert len(set(NAMES)) == len(NAMES)


def test_a_crash_is_not_taken_for_a_refusal() -> None:
    def crash(_: bytes) -> None:
        raise KeyError("x")

    with pytest.raises(KeyError):
        Reader("broken", crash, ()).try_on(b"")
