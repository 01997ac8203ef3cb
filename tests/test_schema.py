"""Schemas against the program: every command has one, and what is wrong breaks it."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from contract import SchemaError, check
from jsonschema import Draft202012Validator
from shell import Shell

from zoomcall.cli.completions.tree import read_tree
from zoomcall.cli.schemas.shapes import shapes
from zoomcall.domain.exit_status import ExitStatus

KEYS = """\
auth_list_result: current profiles
auth_login_result: profile kind key_id store verified current replaced
auth_logout_result: profile removed was_current profiles
auth_status_result: profile kind source key_id for api_base current hidden
auth_switch_result: profile kind previous
book_room: name protocol address has_passcode is_private from_name to_name headers note tags
call_hangup_result: call removed
call_list_result: calls
call_status_result: call
call_target: kind id name
cause: id certainty evidence fix command
checked: id evidence
corrected: zoomcall curl
credential: kind source
credential_label: kind source name
diagnose_result: understood not_understood findings checked corrected
dialled_call: id at target room api_base profile http_status sent state evidence reason participant_uuid
    settled_at removed_at
doctor_check: id status seconds detail fix command exit_code causes
doctor_result: checks
error: kind network http_status zoom_code zoom_message title causes checked retryable retry_at tracking_id doc
    fix command
evidence: source match
explain_result: topic pages
invite_request: method url headers body
invite_result: target room http_status sent state evidence reason participant_uuid timeline removed request curl
invite_target: kind id name
reason: code name
replayed: event request_id http_status
room: protocol address name
room_add_result: room
room_change: change fields room
room_edit_result: room fields
room_export_result: format file rooms
room_import_result: changes unchanged written
room_list_result: rooms problems
room_problem: name problem
room_remove_result: changes written
room_show_result: room
seen: state at source
session: id name user_count start_time session_key
session_list_result: sessions
session_show_result: session users
session_user: id participant_uuid name device is_room_system ip_address join_time
stored_profile: profile kind key_id store for api_base current problem
token_inspect_result: kind target header claims issued_at expires_at signature findings checked
token_mint_result: token kind expires_at
topic_page: topic title meaning fix command example table see_also basis sources
topic_table: headings rows
user: id email name account_id role
warning: id message
webhook_replay_result: to sent accepted refused unsent events
webhook_secret_remove_result: profile store removed
webhook_secret_set_result: profile store replaced
webhook_serve_result: url events repeated refused forwarded not_forwarded
webhook_verify_result: signature event signed_at age_seconds findings checked
whoami_result: kind key_id user api_base clock_skew_seconds expires_at scopes hidden
"""
"""What scripts rely on, in order: keys may be added, never renamed, moved or removed."""
WORDS = """\
api: meeting session
basis: forum inferred official sample-code unconfirmed
certainty: certain likely possible
check_id: account api clock crc credential dns keyring proxy scopes session tls token versions webhook
check_status: failed ok skipped warning
credential_kind: oauth s2s token videosdk
credential_source: env env-file file keyring
evidence_source: roster webhook webhook-log websocket
match: exact only-candidate
network_word: connect dns proxy reset timeout tls
protocol: h323 sip
sent: no unknown yes
signature: invalid unchecked valid
state: accepted declined failed joined missed noop not-sent pending planned refused ringing
store: file keyring
token_kind: api-jwt malformed meeting-sdk-jwt oauth opaque refresh-token s2s session-jwt zak
"""
"""What scripts rely on: words may be added, never removed."""
WITHOUT_JSON = {"schema", "emulate"}
"""Commands whose answer is a script, a schema, or another program's."""


def usage_error(zoomcall: Shell) -> dict[str, Any]:
    document: dict[str, Any] = zoomcall("no-such-command", "--json").json()
    return document


def test_every_command_has_a_schema() -> None:
    leaves = {" ".join(node.path) for node in read_tree().walk() if node.path and not node.children}
    assert leaves - WITHOUT_JSON == {command for shape in shapes() for command in shape.commands}


@pytest.mark.parametrize("words", [(), *(tuple(shape.name.split(".")) for shape in shapes())], ids=" ".join)
def test_every_schema_is_one(zoomcall: Shell, words: tuple[str, ...]) -> None:
    result = zoomcall("schema", *words)
    assert result.code == 0
    assert result.stderr == ""
    schema = json.loads(result.stdout)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    Draft202012Validator.check_schema(schema)


def keys(schema: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every key of every object, with its own schema."""
    for each in schema.values() if isinstance(schema, dict) else schema if isinstance(schema, list) else ():
        yield from keys(each)
    if isinstance(schema, dict) and schema.get("type") == "object" and "properties" in schema:
        yield from schema["properties"].items()


def test_every_key_is_described_and_those_of_a_document_are_required(zoomcall: Shell) -> None:
    whole = json.loads(zoomcall("schema").stdout)
    described = [(key, value.get("description", "")) for key, value in keys(whole)]
    assert len(described) > 300
    assert [key for key, text in described if not text.endswith(".")] == []
    assert set(whole["$defs"]["error"]["required"]) == set(whole["$defs"]["error"]["properties"])
    assert whole["$defs"]["cause"]["required"] == ["id", "certainty", "evidence", "fix", "command"]
    optional = {"request", "curl"}
    assert set(whole["$defs"]["invite_result"]["properties"]) == optional | set(
        whole["$defs"]["invite_result"]["required"]
    )


def pinned(table: str) -> Iterator[tuple[str, list[str]]]:
    for line in table.replace("\n    ", " ").splitlines():
        name, _, words = line.partition(": ")
        yield name, words.split()


def test_no_key_or_word_that_scripts_rely_on_is_renamed(zoomcall: Shell) -> None:
    definitions = json.loads(zoomcall("schema").stdout)["$defs"]
    for name, keys in pinned(KEYS):
        assert [key for key in definitions[name]["properties"] if key in keys] == keys, name
    for name, words in pinned(WORDS):
        assert set(words) <= set(definitions[name]["enum"]), name


def test_the_whole_schema_holds_for_each_document(zoomcall: Shell) -> None:
    whole = Draft202012Validator(json.loads(zoomcall("schema").stdout))
    document = usage_error(zoomcall)
    assert whole.is_valid(document)
    assert not whole.is_valid({**document, "schema": "zoomcall.invite/1", "result": {}})


def test_the_whole_schema_lists_commands_and_exit_codes(zoomcall: Shell) -> None:
    schema = json.loads(zoomcall("schema").stdout)
    assert schema["commands"]["invite sip"] == "zoomcall.invite/1"
    assert [(row["code"], row["name"]) for row in schema["exit_codes"]] == [
        (int(status), status.word) for status in ExitStatus
    ]
    assert all(row["meaning"] for row in schema["exit_codes"])


@pytest.mark.parametrize("words", [("invite",), ("invite", "sip"), ("invite sip",), ("zoomcall.invite/1",)])
def test_a_schema_is_found_by_command_and_by_name(zoomcall: Shell, words: tuple[str, ...]) -> None:
    schema = json.loads(zoomcall("schema", *words).stdout)
    assert schema["properties"]["schema"]["const"] == "zoomcall.invite/1"


def test_a_command_without_a_schema_is_refused_with_those_that_have_one(zoomcall: Shell) -> None:
    result = zoomcall("schema", "nonsense")
    assert result.code == 2
    assert "'nonsense'" in result.stderr
    assert "token mint" in result.stderr


def test_the_output_variable_does_not_touch_a_schema(zoomcall: Shell) -> None:
    assert zoomcall("schema", environ={"ZOOMCALL_OUTPUT": "json"}).stdout == zoomcall("schema").stdout


@pytest.mark.parametrize(
    "change",
    [
        {"ok": True},
        {"exit_code": 3},
        {"exit_name": "ok"},
        {"exit_code": 0, "exit_name": "ok", "ok": True, "error": None},
        {"exit_code": 7, "exit_name": "no-op"},
        {"error": None},
        {"error": {}},
        {"warnings": [{"id": "x"}]},
        {"schema": "zoomcall.nothing/1"},
        {"credential": {"kind": "videosdk", "source": "nowhere"}},
    ],
    ids=str,
)
def test_a_wrong_document_is_refused(zoomcall: Shell, change: dict[str, Any]) -> None:
    document = usage_error(zoomcall)
    check(document)
    with pytest.raises(SchemaError):
        check({**document, **change})


@pytest.mark.parametrize("status", [4, 5, 6, 7, 13])
def test_a_refusal_without_a_cause_is_refused(zoomcall: Shell, status: int) -> None:
    document = usage_error(zoomcall)
    word = ExitStatus(status).word
    document |= {"exit_code": status, "exit_name": word, "error": {**document["error"], "kind": word}}
    with pytest.raises(SchemaError):
        check(document)
    cause = {"id": "x", "certainty": "certain", "evidence": "y", "fix": "z", "command": None}
    document["error"]["causes"] = [cause]
    check(document)
