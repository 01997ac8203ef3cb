"""Every member of a vocabulary is wherever a type checker cannot require it."""

import re
from enum import Enum
from pathlib import Path

import pytest
from shell import Shell

from zoomcall.cli.auth import Kind, LoginFlags, _words
from zoomcall.cli.invite.flags import EvidenceChoice
from zoomcall.cli.options import OutputFormat
from zoomcall.domain.call import EvidenceSource, Match, Sent, State
from zoomcall.domain.credential import CredentialKind, CredentialSource
from zoomcall.domain.event import _STATES
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.profile import STORED_KINDS, Profile
from zoomcall.emulator.fates import _FIXED, Stage
from zoomcall.knowledge.texts import cause_texts
from zoomcall.usecases.signing_in import WHICH_KEYS

CONTRACT = (Path(__file__).parent.parent / "docs" / "contract.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("key", "vocabulary"),
    [
        ("state", State),
        ("sent", Sent),
        ("evidence.source", EvidenceSource),
        ("evidence.match", Match),
        ("credential.kind", CredentialKind),
        ("credential.source", CredentialSource),
    ],
)
def test_the_contract_lists_every_word_of_a_key(key: str, vocabulary: type[Enum]) -> None:
    row = re.search(rf"^\| `{key}` \| (.*)", CONTRACT, re.MULTILINE)
    assert row is not None
    assert {member.value for member in vocabulary} <= set(re.findall(r"`([a-z0-9-]+)`", row[1]))


def test_the_contract_lists_every_exit_code() -> None:
    table = CONTRACT.partition("\n## 2")[2].partition("\n## ")[0]
    numbers, names = zip(*re.findall(r"^\| ([\d, ]+)[^|]*\| ([a-z, -]+)", table, re.MULTILINE), strict=True)
    listed = zip(re.findall(r"\d+", " ".join(numbers)), re.findall(r"[a-z-]+", " ".join(names)), strict=True)
    assert {(str(int(status)), status.word) for status in ExitStatus} <= set(listed)


def test_the_contract_lists_every_output_format() -> None:
    assert all(f"-o {word}" in CONTRACT or f"|{word}" in CONTRACT for word in OutputFormat if word != "text")


def test_the_contract_lists_every_cause() -> None:
    assert set(cause_texts()) <= set(re.findall(r"`([a-z0-9-]+)`", CONTRACT))


def test_every_stored_kind_can_be_logged_in_with() -> None:
    assert [kind.value for kind in Kind] == [kind.value for kind in STORED_KINDS] == list(WHICH_KEYS)
    keys = {key for kind in STORED_KINDS for key in kind.keys}
    assert keys <= set(LoginFlags.__struct_fields__) & set(Profile.__struct_fields__)
    assert all(_words(key) for key in keys)


def test_every_evidence_source_can_be_chosen() -> None:
    assert {choice.value for choice in EvidenceChoice} == {"auto", *EvidenceSource}


def test_every_fate_is_in_the_help_and_in_the_contract(zoomcall: Shell) -> None:
    told = set(re.findall(r"[a-z]+(?:-[a-z]+)*", zoomcall("emulate", "--help").stdout))
    assert set(_FIXED) <= told
    assert set(_FIXED) <= set(re.findall(r"`([a-z-]+)@…`", CONTRACT))


def test_the_emulator_sends_every_event_that_is_read() -> None:
    assert {stage.value for stage in Stage} - {Stage.LEFT} == set(_STATES)
