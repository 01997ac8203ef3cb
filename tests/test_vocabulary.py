"""Every member of a vocabulary is wherever a type checker cannot require it."""

import inspect
import re
from enum import Enum
from pathlib import Path
from types import ModuleType

import pytest
from shell import Shell

from zoomcall.cli.auth import Kind, LoginFlags, _words
from zoomcall.cli.completions.tree import read_tree
from zoomcall.cli.invite.flags import EvidenceChoice
from zoomcall.cli.options import OutputFormat
from zoomcall.domain.call import EvidenceSource, Match, Sent, State
from zoomcall.domain.credential import CredentialKind, CredentialSource
from zoomcall.domain.event import _STATES
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.domain.profile import STORED_KINDS, Profile
from zoomcall.emulator.fates import _FIXED, Stage
from zoomcall.knowledge import (
    answer_rules,
    body_rules,
    request_rules,
    residual_rules,
    surrounding_rules,
    token_request_rules,
    token_rules,
)
from zoomcall.knowledge.texts import cause_texts
from zoomcall.usecases.signing_in import WHICH_KEYS

CONTRACT = (Path(__file__).parent.parent / "docs" / "contract.md").read_text(encoding="utf-8")
RULE_MODULES = (
    answer_rules,
    body_rules,
    request_rules,
    residual_rules,
    surrounding_rules,
    token_request_rules,
    token_rules,
)


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


def test_the_contract_lists_every_command() -> None:
    rows = [line for line in CONTRACT.splitlines() if line.startswith("| `")]
    leaves = [node.path for node in read_tree().walk() if node.path and not node.children]
    listed = [path for path in leaves for row in rows if row[3:].startswith(path[0]) and all(map(row.count, path))]
    assert set(leaves) == set(listed)


def test_the_contract_lists_every_flag_of_an_invite() -> None:
    invites = [node for node in read_tree().walk() if node.path[:1] == ("invite",)]
    names = {name for node in invites for flag in node.flags for name in flag.names}
    assert {name for name in names if name not in CONTRACT} == set()


@pytest.mark.parametrize("module", RULE_MODULES, ids=lambda module: module.__name__.rpartition(".")[2])
def test_every_rule_is_asked_and_every_cause_it_finds_is_explained(module: ModuleType) -> None:
    rules = {
        name
        for name, function in vars(module).items()
        if inspect.isfunction(function)
        and function.__module__ == module.__name__
        and not name.startswith("_")
        and "Finding" in str(function.__annotations__.get("return"))
    }
    asked = (*module.RULES, *getattr(module, "LAST_RULES", ()))
    assert rules <= {rule.__name__ for rule in asked}
    named = re.findall(r'(?:Finding|Checked)\(\s*"([\w-]+)"', inspect.getsource(module))
    assert set(named) <= set(cause_texts())


def test_every_stored_kind_can_be_logged_in_with() -> None:
    assert {kind.value for kind in Kind} == set(STORED_KINDS) == set(WHICH_KEYS)
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
