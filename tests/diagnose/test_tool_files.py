"""Requests as tools keep them: collections, workflows, playbooks, options of libraries."""

from __future__ import annotations

import json
from typing import Any

import pytest

from zoomcall.knowledge.facts import Part
from zoomcall.usecases.pasted.pieces import FORM, JSON, Form
from zoomcall.usecases.pasted.tool_files import read_printed_requests, read_tool_file

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
TOKENS = "https://zoom.us/oauth/token"
GRANT = {"grant_type": "account_credentials", "account_id": "x y"}
KIND = ("Content-Type", JSON)
A = ("A", "b")


def rows(members: dict[str, str]) -> list[dict[str, str]]:
    return [{"key": name, "value": value} for name, value in members.items()]


def bearer(token: str) -> dict[str, Any]:
    return {"type": "bearer", "bearer": rows({"token": token})}


KEY = {"key": "Authorization", "value": "x"}
BASIC = {"type": "basic", "basic": rows({"username": "u", "password": "p"})}
DOCUMENTS: dict[str, tuple[object, tuple[str, str, tuple[tuple[str, str], ...], str | None, str | None]]] = {
    "axios's options": (
        {"method": "patch", "url": URL, "headers": {"A": "b"}, "data": {"a": 1}},
        ("PATCH", URL, (A,), '{"a": 1}', None),
    ),
    "axios's options with a base": (
        {"baseURL": URL[:23] + "/", "url": URL[23:], "method": "patch", "data": "{}"},
        ("PATCH", URL, (), "{}", None),
    ),
    "Postman": (
        {
            "method": "PATCH",
            "url": {"raw": URL},
            "header": [*rows({"A": "b"}), {"key": "C", "value": "d", "disabled": True}],
            "body": {"mode": "raw", "raw": "[1]", "options": {"raw": {"language": "json"}}},
            "auth": bearer("t"),
        },
        ("PATCH", URL, (A, KIND, ("Authorization", "Bearer t")), "[1]", None),
    ),
    "Postman's form": (
        {"method": "POST", "url": TOKENS, "body": {"urlencoded": rows(GRANT)}, "auth": BASIC},
        ("POST", TOKENS, (("Content-Type", FORM),), "grant_type=account_credentials&account_id=x+y", "u:p"),
    ),
    "parameters of a query": (
        {"method": "POST", "url": TOKENS, "params": GRANT, "auth": ["i", "s"]},
        ("POST", f"{TOKENS}?grant_type=account_credentials&account_id=x+y", (), None, "i:s"),
    ),
    "rows of a query": (
        {"method": "POST", "url": TOKENS, "qs": rows(GRANT), "auth": {"username": "i"}},
        ("POST", f"{TOKENS}?grant_type=account_credentials&account_id=x+y", (), None, "i:{secret}"),
    ),
    "other parameters": (
        {"method": "PATCH", "url": URL, "params": {"page": 1}, "auth": {"type": "basic"}},
        ("PATCH", URL, (), None, "{id}:{secret}"),
    ),
    "a key in a header": (
        {"method": "PATCH", "url": URL, "auth": {"type": "apikey", "apikey": rows(KEY)}},
        ("PATCH", URL, (("Authorization", "x"),), None, None),
    ),
    "a key in the query": (
        {"method": "PATCH", "url": URL, "auth": {"type": "apikey", "key": "Authorization", "in": "query"}},
        ("PATCH", URL, (), None, None),
    ),
    "a bearer without a token": (
        {"method": "PATCH", "url": URL, "auth": {"type": "oauth2"}},
        ("PATCH", URL, (("Authorization", "Bearer {token}"),), None, None),
    ),
    "a header of one's own before the tool's": (
        {"method": "PATCH", "url": URL, "headers": ["Authorization: JWT x"], "auth": bearer("t")},
        ("PATCH", URL, (("Authorization", "JWT x"),), None, None),
    ),
    "headers as lines": (
        {"method": "PATCH", "url": URL, "headers": "A: b\nC:d"},
        ("PATCH", URL, (A, ("C", "d")), None, None),
    ),
    "headers as pairs": ({"verb": "PATCH", "uri": URL, "headers": [["A", "b"]]}, ("PATCH", URL, (A,), None, None)),
    "a body that is the answer's": (
        {"method": "PATCH", "url": URL, "body": {"code": 3001, "message": "x"}},
        ("PATCH", URL, (), None, None),
    ),
    "n8n's expression": ({"method": "PATCH", "url": f"={URL}"}, ("PATCH", URL, (), None, None)),
}  # fmt: skip
NO_REQUEST = (
    {"url": URL, "code": 1},
    {"url": "https://example.com/a", "method": "GET"},
    {"method": "PATCH", "headers": {"A": "b"}},
    [],
)


@pytest.mark.parametrize("what", DOCUMENTS)
@pytest.mark.parametrize("indent", [None, 2])
def test_a_document_is_read_as_its_tool_would_send_it(what: str, indent: int | None) -> None:
    document, expected = DOCUMENTS[what]
    text = "\n" + json.dumps(document, indent=indent)
    read = read_tool_file(text)
    assert read is not None
    [request] = read
    assert (request.method, request.url, request.headers, request.body, request.basic) == expected
    assert (request.form, request.start, request.end) == (Form.OBJECT, 1, len(text))
    assert (Part.BODY in request.unsure) is (request.body is None)


@pytest.mark.parametrize("document", NO_REQUEST, ids=str)
def test_another_document_has_no_request(document: object) -> None:
    assert read_tool_file(json.dumps(document)) is None


def test_what_is_set_for_a_collection_holds_for_what_is_in_it() -> None:
    items = [
        {"request": {"method": "PATCH", "url": URL}},
        {"request": {"method": "POST", "url": URL, "auth": BASIC}},
    ]
    read = read_tool_file(json.dumps({"auth": bearer("{{t}}"), "item": [{"item": items}]}))
    assert read is not None
    first, second = read
    assert (first.headers, first.basic) == ((("Authorization", "Bearer {{t}}"),), None)
    assert (second.headers, second.basic) == ((), "u:p")


@pytest.mark.parametrize(
    ("auth", "header", "is_unsure"),
    [
        (bearer("t"), None, False),
        ("from a vault", None, True),
        ({"type": "digest"}, None, True),
        (None, "{{token}}", True),
        (None, "Bearer {{token}}", False),
        (None, "Basic {{token}}", False),
        (None, "token", False),
        (None, None, False),
    ],
)
def test_a_credential_that_only_its_tool_knows_is_a_guess(
    auth: object, header: str | None, *, is_unsure: bool
) -> None:
    headers = {} if header is None else {"Authorization": header}
    read = read_tool_file(json.dumps({"url": URL, "method": "PATCH", "auth": auth, "headers": headers}))
    assert read is not None
    assert (Part.AUTHORIZATION in read[0].unsure) is is_unsure


@pytest.mark.parametrize("number", [39, 40, 41])
def test_at_most_forty_requests_are_read(number: int) -> None:
    read = read_tool_file(json.dumps([{"url": URL, "method": "PATCH"}] * number))
    assert read is not None
    assert len(read) == min(number, 40)


BRUNO = f"""patch {{
  url: {URL}
  body: json
}}
headers {{
  A: b
  ~C: d
}}
auth:bearer {{
  token: {{{{t}}}}
}}
body:json {{
  {{"a": 1}}
}}
"""
ANSIBLE = f"""- name: ring
  uri:
    url: {URL}
    method: PATCH
    headers:
      A: b
      C: "d e"  # as text
    body:
      method: x
      params: {{a: 1}}
      rows:
        - 1
        - b: 2
    body_format: json
"""
HOME_ASSISTANT = f"""rest_command:
  ring:
    url: {URL}
    method: patch
    headers:
      A: b
    payload: >
      {{"a": 1,
       "b": 2}}
"""


@pytest.mark.parametrize(
    ("text", "headers", "body"),
    [
        (BRUNO, (A, KIND, ("Authorization", "Bearer {{t}}")), '{"a": 1}'),
        (
            ANSIBLE,
            (A, ("C", "d e"), KIND),
            '{"method": "x", "params": {"a": 1}, "rows": ["1", {"b": "2"}]}',
        ),
        (HOME_ASSISTANT, (A,), '{"a": 1,\n"b": 2}'),
    ],
    ids=["Bruno", "Ansible", "Home Assistant"],
)
def test_files_in_notations_of_their_own(text: str, headers: tuple[tuple[str, str], ...], body: str) -> None:
    read = read_tool_file(text)
    assert read is not None
    [request] = read
    assert (request.method, request.url, request.headers, request.body) == ("PATCH", URL, headers, body)


def test_objects_that_a_program_printed_in_between() -> None:
    first = f"{{ url: '{URL}', method: 'PATCH', headers: {{ A: 'b' }} }}"
    second = f'{{"method" => "POST", "url" => "{URL}"}}'
    text = f"Sending {first}\nthen {second} and {{url: 'https://zoom.us/about'}}"
    requests = list(read_printed_requests(text))
    assert [(one.method, one.headers, text[one.start : one.end]) for one in requests] == [
        ("PATCH", (A,), first),
        ("POST", (), second),
    ]
