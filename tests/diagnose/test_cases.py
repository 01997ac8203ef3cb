from __future__ import annotations

import re
import shlex
from datetime import datetime

import pytest
from diagnose.cases import CASES, FOLDER, TOKENS, Case
from diagnose.readings import known_readings, reading_of
from shell import Shell
from tokens import NOW

from zoomcall.cli.run import Run
from zoomcall.domain.cause import Certainty
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.knowledge.texts import Family, cause_texts
from zoomcall.usecases.diagnosing import diagnose

FOUND_ELSEWHERE = {
    # they need the profile's secret or the session's roster, which no paste holds; tests/knowledge has them
    "issuer-not-api-key",
    "signature-mismatch",
    "key-secret-swapped",
    "nobody-in-session",
    "secret-in-quotes",
    "secret-decoded",
    "digest-as-hex",
    "invisible-character",
    "placeholder-unfilled",
    "assignment-in-value",
    "comment-in-value",
    # webhook verify finds them
    "body-consumed",
    "body-reserialised",
}

READINGS = known_readings()


@pytest.fixture
def at_the_cases_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set this machine's clock to the one by which the cases' tokens are made."""

    def now(_: Run) -> datetime:
        return NOW

    monkeypatch.setattr(Run, "now", now)


def test_there_are_at_least_eighty_cases() -> None:
    assert len(CASES) >= 80


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_is_judged_as_written(case: Case) -> None:
    diagnosis = diagnose(case.text, now=NOW)
    found = tuple((cause.id, cause.certainty.value) for cause in diagnosis.judgement.causes)
    if case.is_order_free:
        assert sorted(found) == sorted(case.finds)
    else:
        assert found == case.finds
    code = ExitStatus.OK if diagnosis.kind is None else ExitStatus.of(diagnosis.kind)
    assert code == case.exit
    assert not {name for name, _ in found} & set(case.silent)
    assert case.says in " ".join(cause.evidence for cause in diagnosis.judgement.causes)
    if case.command:
        assert diagnosis.correction is not None
        assert shlex.join(("zoomcall", *diagnosis.correction.words)) == case.command
    reading = reading_of(case, diagnosis)
    assert reading == READINGS.get(case.name, reading), "if what is read now is right, run make readings"


@pytest.mark.usefixtures("at_the_cases_time")
@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_ends_alike_for_people_and_for_programs(case: Case, zoomcall: Shell) -> None:
    for token in TOKENS.values():
        zoomcall.hide(token)
    text = zoomcall("diagnose", stdin=case.text.encode())
    result = zoomcall("diagnose", "--json", "-", stdin=case.text.encode())
    document = result.json()
    assert text.code == result.code == document["exit_code"] == case.exit
    findings = document["result"]["findings"]
    assert sorted((cause["id"], cause["certainty"]) for cause in findings) == sorted(case.finds)
    assert [cause["id"] for cause in findings if cause["id"] not in text.stdout] == []
    assert document["result"]["understood"]
    if case.exit:
        assert document["error"]["causes"] == findings
        assert f"zoomcall explain {findings[0]['id']}" in text.stderr
    for line in document["result"]["corrected"].values():
        assert line is None or line in text.stdout


@pytest.mark.parametrize("case", [case for case in CASES if case.command], ids=str)
def test_the_corrected_request_is_right(case: Case, zoomcall: Shell) -> None:
    """The curl line has nothing wrong in it, and asks the same of Zoom as the command."""
    corrected = zoomcall("diagnose", "--json", stdin=case.text.encode()).json()["result"]["corrected"]
    again = zoomcall("diagnose", "--json", stdin=corrected["curl"].encode()).json()
    assert (again["exit_code"], again["result"]["findings"]) == (0, [])
    assert again["result"]["corrected"]["zoomcall"] == corrected["zoomcall"]
    assert again["result"]["corrected"]["curl"].split(" | ")[-1] == corrected["curl"].split(" | ")[-1]
    words = shlex.split(corrected["zoomcall"])[1:]
    if words[0] == "invite":
        line = zoomcall(*words, "--curl").stdout
        assert line.removesuffix("\n") == corrected["curl"]


def test_every_cause_has_a_case_that_finds_it() -> None:
    causes = {
        name for name, text in cause_texts().items() if text.family in {Family.TOKEN, Family.KIND, Family.REQUEST}
    }
    assert causes - {name for case in CASES for name, _ in case.finds} == causes & FOUND_ELSEWHERE


def test_every_cause_of_a_request_has_a_case_that_must_not_find_it() -> None:
    causes = {name for name, text in cause_texts().items() if text.family is Family.REQUEST}
    assert causes - {name for case in CASES for name in case.silent} == causes & FOUND_ELSEWHERE


def test_a_case_names_causes_that_there_are() -> None:
    names = {name for case in CASES for name in (*case.silent, *(found for found, _ in case.finds))}
    assert names - cause_texts().keys() == set()
    assert {certainty for case in CASES for _, certainty in case.finds} <= {word.value for word in Certainty}


@pytest.mark.parametrize("case", CASES, ids=str)
def test_a_case_reads_like_a_sentence(case: Case) -> None:
    title = (FOLDER / f"{case.name}.txt").read_text(encoding="utf-8").splitlines()[0]
    assert re.fullmatch(r"\S.{10,110}\S", title)
