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

WITHOUT_JSON = {"completion", "schema", "emulate"}
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
