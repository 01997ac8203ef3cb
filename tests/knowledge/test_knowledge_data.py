from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import pytest
from msgspec import Struct, ValidationError

from zoomcall.domain.call import REASONS, State
from zoomcall.domain.cause import Certainty
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import NetworkWord
from zoomcall.knowledge import texts
from zoomcall.knowledge.answer_rules import answer_rows
from zoomcall.knowledge.languages import language_clues
from zoomcall.knowledge.lexicon import (
    code_texts,
    exit_texts,
    http_texts,
    network_texts,
    reason_texts,
    sayings,
    state_texts,
)
from zoomcall.knowledge.texts import CauseText, Family, cause_texts, endpoints, read_rows, read_text


def ids_in(text: str) -> list[str]:
    return re.findall(r"[\w-]+", text)


TOKEN_CAUSES = ids_in(
    """
    token-expired token-not-yet-valid clock-skew exp-in-milliseconds exp-not-integer exp-missing
    iss-missing issuer-not-api-key wrong-algorithm signature-mismatch secret-has-whitespace key-secret-swapped
    token-malformed token-whitespace bearer-missing bearer-doubled lifetime-too-long
    """
)
KIND_CAUSES = ids_in(
    """
    session-jwt meeting-sdk-jwt oauth-token-on-videosdk api-jwt-on-meetings refresh-token zak-token
    legacy-jwt-app opaque-token
    """
)
REQUEST_CAUSES = ids_in(
    """
    path-event-singular path-unknown session-id-encoding wrong-method content-type body-not-json
    wrong-callout-method device-field-name call-type-invalid address-missing address-invalid header-rule
    oauth-query-string
    """
)
STATE_CAUSES = ids_in(
    """
    success-not-202 nobody-in-session session-not-live session-unknown meeting-unknown scope-missing
    user-managed-app not-host no-crc-plan wrong-account-kind api-not-available
    key-pair-refused rate-limited
    """
)
CODES = ids_in(
    """
    124 104 4711 4700 4702 4704 4705 4706 4709 4717 4724 4733 4734 4735 4738 4740 4741 200 300 3309 3001 1001
    1010 2300 3000 3003 3161 12702 429 5010 2311 2307 1401 1502 invalid_client
    """
)


@pytest.mark.parametrize("identifier", [*TOKEN_CAUSES, *KIND_CAUSES, *REQUEST_CAUSES, *STATE_CAUSES])
def test_every_cause_of_the_contract_is_explained(identifier: str) -> None:
    text = cause_texts()[identifier]
    assert text.title
    assert len(text.meaning) > 40
    assert text.fix[0].isupper()
    assert text.fix.endswith(".")
    assert text.example
    assert text.sources


@pytest.mark.parametrize(
    ("file", "key", "texts"),
    [
        ("causes.toml", "id", cause_texts()),
        ("codes.toml", "code", code_texts()),
        ("states.toml", "name", state_texts()),
        ("reasons.toml", "name", reason_texts()),
        ("exit_codes.toml", "name", exit_texts()),
        ("network_words.toml", "name", network_texts()),
        ("http_statuses.toml", "name", http_texts()),
    ],
    ids=lambda value: value if isinstance(value, str) and "." in value else "",
)
def test_nothing_is_explained_twice_and_the_order_of_a_file_is_kept(
    file: str, key: str, texts: Mapping[str, object]
) -> None:
    assert re.findall(rf'^{key} = "?(.*?)"?$', read_text(file), re.MULTILINE) == list(texts)


class Line(Struct, frozen=True, forbid_unknown_fields=True):
    name: str
    size: int = 0


@pytest.mark.parametrize(
    "row",
    ["size = 1", "name = 1", 'name = "a"\ncolour = "red"', 'name = "a"\nsize = "1"', 'name = "a"\nsize = 1.5'],
)
def test_a_row_that_does_not_fit_its_type_is_an_error(row: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "read_text", lambda _: f"[[line]]\n{row}\n")
    with pytest.raises(ValidationError):
        read_rows("lines.toml", Line)


def test_rows_of_both_formats_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    files = {"a.toml": '[[line]]\nname = "a"\n', "a.json": '{"note": "-", "lines": [{"name": "a"}]}'}
    monkeypatch.setattr(texts, "read_text", files.__getitem__)
    assert [read_rows(name, Line) for name in files] == [(Line("a"),), (Line("a"),)]


def test_every_cause_that_speaks_for_a_credential_names_what_was_checked() -> None:
    sources = Path(texts.__file__).parent.glob("*_rules.py")
    checked = {name for path in sources for name in re.findall(r'Checked\("([\w-]+)"', path.read_text("utf-8"))}
    told = {name for name in checked if cause_texts()[name].family is not Family.REQUEST}
    assert len(told) > 10
    assert {name for name, text in cause_texts().items() if text.subject} == told


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("path-event-singular", "success-not-202"),
        ("clock-skew", "token-expired"),
        ("session-jwt", "token-expired"),
        ("oauth-token-on-videosdk", "wrong-account-kind"),
        ("secret-has-whitespace", "signature-mismatch"),
        ("session-not-live", "session-unknown"),
        ("key-pair-refused", "token-superseded"),
        ("key-pair-refused", "lifetime-too-long"),
        ("key-pair-refused", "opaque-token"),
    ],
)
def test_the_nearer_cause_is_told_first(first: str, second: str) -> None:
    ranked = list(cause_texts())
    assert ranked.index(first) < ranked.index(second)


@pytest.mark.parametrize("identifier", [*TOKEN_CAUSES, *KIND_CAUSES])
def test_token_causes_are_of_the_families_that_explain_a_refused_token(identifier: str) -> None:
    assert cause_texts()[identifier].family in {Family.TOKEN, Family.KIND}


@pytest.mark.parametrize("code", CODES)
def test_every_code_has_its_texts_and_a_way_out(code: str) -> None:
    text = code_texts()[code]
    assert text.sayings
    assert (text.fix or cause_texts()[text.causes[0]].fix).endswith(".")
    assert set(text.causes) <= set(cause_texts())


def test_no_code_is_without_a_page_and_no_page_without_a_code() -> None:
    assert {str(saying.code) for saying in sayings()} == set(code_texts())


def test_every_source_is_an_address_on_the_web() -> None:
    urls = [url for saying in sayings() for url in saying.sources]
    urls += [url for text in cause_texts().values() for url in text.sources]
    assert [url for url in urls if not re.fullmatch(r"https://[a-z.-]+/[\w./#-]*", url)] == []


def test_exit_codes_are_the_programs() -> None:
    assert list(exit_texts()) == [status.word for status in ExitStatus]


def test_every_exit_code_says_what_to_do() -> None:
    has_reason = {row.exit.word for row in REASONS.values()}
    texts = exit_texts().values()
    assert [text.name for text in texts if not (text.fix or text.cause or text.name in has_reason)] == []


def test_reasons_are_the_programs() -> None:
    assert list(reason_texts()) == [row.zoom_name for row in REASONS.values()]
    assert all(text.fix for text in reason_texts().values())


def test_every_state_is_explained() -> None:
    assert set(state_texts()) == {state.value for state in State}
    assert [text.name for text in state_texts().values() if not (text.fix or text.cause)] == []


def test_every_network_word_is_explained() -> None:
    assert set(network_texts()) == {word.value for word in NetworkWord}


def test_what_data_refer_to_exists() -> None:
    causes = set(cause_texts())
    referred = {row.cause for row in answer_rows()}
    referred |= {
        text.cause
        for text in (*exit_texts().values(), *state_texts().values(), *http_texts().values())
        if text.cause
    }
    assert referred <= causes


def test_a_row_is_no_surer_than_its_cause_may_be() -> None:
    assert [row.cause for row in answer_rows() if row.cause in {"user-managed-app", "legacy-jwt-app"}] == []
    doubtful = {row.cause: row.certainty for row in answer_rows() if row.codes == (4741,)}
    assert doubtful == {"token-superseded": Certainty.LIKELY}


def test_every_row_has_a_condition_of_its_own() -> None:
    assert [row for row in answer_rows() if not (row.codes or row.statuses or row.fields)] == []


def test_the_callouts_are_patched() -> None:
    callouts = [endpoint for endpoint in endpoints() if endpoint.path.endswith("/events")]
    assert [endpoint.method for endpoint in callouts] == ["PATCH", "PATCH"]
    meetings = callouts[1]
    assert "meeting:write:admin" in meetings.classic_scopes
    assert "meeting:update:in_meeting_controls:admin" in meetings.granular_scopes


def test_the_data_are_ascii_json() -> None:
    for name in ("error_codes.json", "endpoints.json"):
        json.loads(read_text(name).encode("ascii"))


def test_what_was_parsed_beforehand_is_what_the_files_say() -> None:
    folder = Path(texts.__file__).parent
    names = [path.name for path in folder.glob("*.toml")]
    assert len(names) > 5
    for name in names:
        document = json.loads((folder / "parsed" / f"{name}.json").read_text(encoding="utf-8"))
        assert document.pop("of") == texts.checksum(read_text(name))
        assert document == tomllib.loads(read_text(name))


def test_what_was_parsed_from_an_older_text_is_not_read(monkeypatch: pytest.MonkeyPatch) -> None:
    newer = read_text("causes.toml").replace('title = "', 'title = "Newer: ')
    monkeypatch.setattr(texts, "read_text", lambda _: newer)
    assert all(row.title.startswith("Newer: ") for row in read_rows("causes.toml", CauseText))


def test_only_powershell_is_told_in_any_case() -> None:
    clues = language_clues()
    assert clues["powershell"].search("invoke-RESTMETHOD -uri x") is not None
    assert clues["python"].search("import requests\n") is not None
    assert clues["python"].search("IMPORT REQUESTS\n") is None


def test_what_has_no_message_has_no_other_forms_of_it() -> None:
    for row in sayings():
        assert row.messages == ((row.message, *row.also) if row.message else ())
