"""No secret of what is pasted is printed, wherever it stands and however it is quoted."""

from __future__ import annotations

import base64
import json
import shlex
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from shell import Shell
from tokens import API_CLAIMS, jwt

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
BODY = '{"method":"user.invite.room_system_callout","params":{"call_type":"sip","device_ip":"room@example.com"}}'
OTHER = "qZ7vKj2RmW9xTb4L"

Form = Callable[[str], str]


def curl(*words: str) -> str:
    return shlex.join(("curl", "-X", "PATCH", URL, "-d", BODY, *words))


def http(*headers: str, body: str = BODY) -> str:
    lines = ("PATCH /v2/videosdk/sessions/abc/events HTTP/1.1", "Host: api.zoom.us", *headers, "", body)
    return "\r\n".join(lines)


def har(name: str, value: str) -> str:
    request = {
        "method": "PATCH",
        "url": URL,
        "headers": [{"name": name, "value": value}],
        "postData": {"text": BODY},
    }
    return json.dumps({"log": {"entries": [{"request": request, "response": {"status": 401}}]}})


def in_cmd(secret: str) -> str:
    quoted = secret.replace("\\", "\\\\").replace('"', '\\"')
    return f'C:\\>curl -X PATCH "{URL}" ^\r\n -H "Authorization: Bearer {quoted}" -d "{{}}"'


def in_powershell(secret: str) -> str:
    quoted = secret.replace("'", "''")
    return f"$h = @{{ Authorization = 'Bearer {quoted}' }}\nInvoke-RestMethod -Method Patch -Uri {URL} -Headers $h"


def in_csharp(secret: str) -> str:
    return (
        f'client.DefaultRequestHeaders.Add("Authorization", {json.dumps(secret, ensure_ascii=False)});\n'
        f'var r = await client.PatchAsync("{URL}", new StringContent(b, Encoding.UTF8, "application/json"));'
    )


FORMS: dict[str, Form] = {
    "curl bearer": lambda secret: curl("-H", f"Authorization: Bearer {secret}"),
    "curl bare": lambda secret: curl("-H", f"Authorization: {secret}"),
    "curl bearer without a blank": lambda secret: curl("-H", f"Authorization: Bearer{secret}"),
    "curl bearer and an answer with it": lambda secret: (
        curl("-H", f"Authorization: Bearer {secret}") + f'\n400 {{"code":300,"message":"bad {secret} seen"}}'
    ),
    "curl oauth2-bearer": lambda secret: curl("--oauth2-bearer", secret),
    "curl user": lambda secret: curl("-u", f"name:{secret}"),
    "curl user for a token": lambda secret: shlex.join(
        ("curl", "-X", "POST", "https://zoom.us/oauth/token", "-u", f"name:{secret}", "-d", "grant_type=x")
    ),
    "curl cookie": lambda secret: curl("-b", f"a={secret}"),
    "curl cookie header": lambda secret: curl("-H", f"Cookie: _zm={secret}; b=2"),
    "curl api key": lambda secret: curl("-H", f"x-api-key: {secret}"),
    "curl basic": lambda secret: curl(
        "-H", "Authorization: Basic " + base64.b64encode(f"name:{secret}".encode()).decode()
    ),
    "curl query": lambda secret: curl().replace(URL, shlex.quote(f"{URL}?access_token={secret}")),
    "curl client secret": lambda secret: shlex.join(
        ("curl", "https://zoom.us/oauth/token", "-d", f"grant_type=y&client_secret={secret}")
    ),
    "curl passcode": lambda secret: curl("-d", json.dumps({"passcode": secret})),
    "curl in cmd": in_cmd,
    "http bearer": lambda secret: http(f"Authorization: Bearer {secret}"),
    "http broken bearer": lambda secret: http(f"Authorization: Bearer: {secret}"),
    "http cookie": lambda secret: http(f"Cookie: a=1; session={secret}"),
    "http passcode": lambda secret: http(body=json.dumps({"method": 1, "params": {"passcode": secret}})),
    "http address": lambda secret: http(
        body=BODY.replace("room@example.com", f"123.{json.dumps(secret)[1:-1]}@zoomcrc.com")
    ),
    "har bearer": lambda secret: har("Authorization", f"Bearer {secret}"),
    "har cookie": lambda secret: har("Cookie", f"a={secret}"),
    "C#": in_csharp,
    "JavaScript": lambda secret: (
        f"fetch('{URL}', {{method: 'PATCH', headers: {{Authorization: {json.dumps(secret)}}}, body: b}})"
    ),
    "Python": lambda secret: f"import requests\nrequests.patch('{URL}', headers={{'Authorization': {secret!r}}})",
    "PowerShell": in_powershell,
    "PHP": lambda secret: (
        f"<?php\n$client->request('PATCH', '{URL}', ['headers' => ['Authorization' => {json.dumps(secret)}]]);"
    ),
    "a script's variable": lambda secret: (
        f"T={shlex.quote(secret)}\n"
        + curl("-H", "Authorization: T").replace("'Authorization: T'", '"Authorization: $T"')
    ),
    "a script's query": lambda secret: f'S={shlex.quote(secret)}\ncurl -X PATCH "{URL}?access_token=$S"',
    "a here-document": lambda secret: (
        f"curl -X PATCH {URL} -d @- <<EOF\n{json.dumps({'method': 1, 'params': {'passcode': secret}})}\nEOF\n"
    ),
    "a network panel": lambda secret: (
        f"Request URL: {URL}\nRequest Method: PATCH\nauthorization: Bearer {secret}\ncookie: a={secret}\n"
    ),
    "pseudo-headers": lambda secret: (
        ":method: PATCH\n:path: /v2/videosdk/sessions/abc/events\n:authority: api.zoom.us\n"
        f"authorization: {secret}\n"
    ),
    "a printed object": lambda secret: f"PATCH {URL}\n400 {{ code: 300, message: 'x', client_secret: '{secret}' }}",
    "prose": lambda secret: f"PATCH {URL} with the client_secret: {secret}\n",
}

plain = st.text(st.characters(codec="ascii", exclude_categories=["Cc", "Cs"]), min_size=8, max_size=40)
wild = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=8, max_size=40)


@pytest.mark.parametrize("name", FORMS)
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(secret=st.one_of(plain, wild, st.from_regex(r"[A-Za-z0-9_=+/-]{8,60}", fullmatch=True)))
@example(secret="a secret with blanks in it")
@example(secret="quo\"ted'se`cret")
@example(secret="eyJhbGciOiJIUzI1NiJ9...shortened")
@example(secret="$Hell{o}<world>%ab%")
@example(secret="back\\slash\\secret")
@example(secret="&0000000")
@example(secret="ab#cd&e=fgh")
def test_no_secret_is_printed(name: str, secret: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    assume(secret == secret.strip())
    shell = Shell(tmp_path_factory.mktemp("shell") / "a")
    usual = said(shell, FORMS[name](OTHER))
    assume(secret not in usual)
    assert OTHER not in usual
    assert secret not in said(shell, FORMS[name](secret))


def said(shell: Shell, text: str) -> str:
    """Return all that is printed, for people and for programs."""
    printed = ""
    for flags in ((), ("--json",), ("--debug",)):
        result = shell("diagnose", *flags, stdin=text.encode("utf-8", "replace"))
        assert result.code != 1, result.stderr
        printed += result.stdout + result.stderr
        if flags == ("--json",):
            printed += json.dumps(json.loads(result.stdout), ensure_ascii=False)
    return printed


def test_a_token_is_hidden_wherever_it_stands(zoomcall: Shell) -> None:
    token = jwt(API_CLAIMS)
    text = curl("-H", f"X-Mine: {token}") + f"\n\nmy token is {token}\n" + f'{{"code":124,"message":"{token}"}}'
    printed = said(zoomcall, text)
    assert token not in printed
    assert token.rpartition(".")[2] not in printed


def test_a_passcode_in_an_address_is_hidden(zoomcall: Shell) -> None:
    for address in ("203.0.113.10##84098077904#passcode99", "84098077904.passcode99@zoomcrc.com"):
        kind = "h323" if "##" in address else "sip"
        text = http(body=BODY.replace("room@example.com", address).replace('"sip"', f'"{kind}"'))
        printed = said(zoomcall, text)
        assert "passcode99" not in printed
        assert "***" in printed
        assert "passcode-masked" in printed


def test_what_is_no_secret_stays(zoomcall: Shell, tmp_path: Path) -> None:
    printed = said(zoomcall, curl("-H", "Authorization: Bearer $TOKEN"))
    assert "Bearer $TOKEN" in printed
    assert "room@example.com" in printed
    assert list(tmp_path.rglob("*.json")) == []
