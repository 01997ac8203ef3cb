"""How a pasted request says whose it is, and which texts of a paste are secrets."""

from __future__ import annotations

import pytest

from zoomcall.knowledge.facts import Authorization
from zoomcall.usecases.pasted.credentials import Scrubber, credential_of, shown_headers, shown_url
from zoomcall.usecases.pasted.pieces import Form, PastedRequest

TOKEN, SECRET = "q7ZvKj2RmW9xTb4L", "dW5oZWFyZC1vZg"


def with_header(value: str, name: str = "Authorization") -> PastedRequest:
    return PastedRequest(form=Form.CURL, headers=((name, value),), is_whole=True)


@pytest.mark.parametrize(
    ("value", "kind", "shown", "secret"),
    [
        (f"Bearer {TOKEN}", "TOKEN", "Bearer ***", f"Bearer {TOKEN}"),
        (f"bearer  {TOKEN}", "TOKEN", "bearer  ***", f"bearer  {TOKEN}"),
        (f"Bearer: {TOKEN}", "TOKEN", "Bearer: ***", TOKEN),
        (f"Bearer={TOKEN}", "TOKEN", "Bearer=***", TOKEN),
        (f"Bearer  \n {TOKEN}", "TOKEN", "Bearer  \n ***", f"Bearer \n{TOKEN}"),
        ("BearereyJabc", "TOKEN", "Bearer***", "eyJabc"),
        ("Bearer", "TOKEN", "Bearer", "Bearer "),
        ("Bearer {token}", "BEARER_VARIABLE", "Bearer {token}", None),
        ('Bearer "{token}"', "BEARER_VARIABLE", 'Bearer "{token}"', None),
        ("Bearer $T", "BEARER_VARIABLE", "Bearer ***", None),
        ("Bearer={token}", "VARIABLE", "Bearer={token}", None),
        ("Bearer{token}", "VARIABLE", "Bearer{token}", None),
        ("{token}", "VARIABLE", "{token}", None),
        ("JWT {token}", "VARIABLE", "JWT {token}", None),
        (f"Foo {TOKEN}", "TOKEN", "*** ***", TOKEN),
        (TOKEN, "TOKEN", "***", TOKEN),
        ("Basic aWQ6c2VjcmV0", "BASIC", "Basic ***", "id:secret"),
        ("Basic id:secret", "BASIC", "Basic ***:***", None),
        ("Basic !!!", "BASIC", "Basic ***", None),
    ],
)
def test_an_authorization_header(value: str, kind: str, shown: str, secret: str | None) -> None:
    credential = credential_of(with_header(value))
    held = credential.bearer or credential.basic
    assert (credential.kind.name, credential.shown) == (kind, shown)
    assert (held.reveal() if held else None) == secret


@pytest.mark.parametrize(
    ("request_", "kind"),
    [
        (with_header(TOKEN, "x-api-key"), Authorization.TOKEN),
        (PastedRequest(form=Form.CURL, url="https://a/b?access_token=x"), Authorization.IN_QUERY),
        (PastedRequest(form=Form.CURL, url="https://a/b?jwt="), Authorization.IN_QUERY),
        (PastedRequest(form=Form.CURL, url="https://a/b?tokens=x", is_whole=True), Authorization.ABSENT),
        (PastedRequest(form=Form.CURL, url="https://a/b"), Authorization.UNKNOWN),
        (PastedRequest(form=Form.CURL, basic="id:secret"), Authorization.BASIC),
    ],
)
def test_where_else_a_credential_stands(request_: PastedRequest, kind: Authorization) -> None:
    assert credential_of(request_).kind is kind


def test_a_key_that_a_variable_stands_for_is_none() -> None:
    assert credential_of(with_header("{key}", "x-api-key")).bearer is None
    assert credential_of(with_header(" ", "x-api-key")).bearer is None


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"https://id:{SECRET}@a/b?access_token={TOKEN}", "https://***@a/b?access_token=***"),
        (f"https://a/b?code={TOKEN}&grant_type=x", "https://a/b?code=***&grant_type=x"),
        (f"https://a/b?page=1&secret={SECRET}&{TOKEN}", "https://a/b?page=1&secret=***"),
        ("https://a/b?page=1", "https://a/b?page=1"),
    ],
)
def test_a_url_is_shown_without_its_secrets(url: str, shown: str) -> None:
    assert shown_url(url) == shown


def test_headers_are_shown_without_their_secrets() -> None:
    request = PastedRequest(
        form=Form.HTTP,
        headers=(("Authorization", f"Bearer {TOKEN}"), ("X-Token", TOKEN), ("Cookie", ""), ("A", "b")),
    )
    shown = shown_headers(request, credential_of(request))
    assert shown == (("Authorization", "Bearer ***"), ("X-Token", "***"), ("Cookie", ""), ("A", "b"))


@pytest.mark.parametrize(
    "written",
    [
        f'"client_secret": "{TOKEN}"',
        f"client_secret='{TOKEN}'",
        f"clientSecret: `{TOKEN}`",
        f"api_secret={TOKEN}&x=1",
        f"api_secret = f'{TOKEN}'",
        f'api_secret = @"{TOKEN}"',
        f"password: \u201c{TOKEN}\u201d",
        f"pwd => {TOKEN};",
        f"['token', '{TOKEN}']",
        f"Authorization: Bearer {TOKEN}",
        f"Authorization:{TOKEN}",
        f"sent the bearer {TOKEN}, and",
        f"curl -u id:{TOKEN} x",
        f'curl --user "id:{TOKEN}" x',
        f"curl -b 'a=1; path=/; b={TOKEN}' x",
        f"curl --oauth2-bearer {TOKEN}",
        f"https://id:{TOKEN}@host/",
        f"/cb?state=1&code={TOKEN}#top",
        f"the authorization code: {TOKEN}",
        f"new NetworkCredential(secret: new Secret('{TOKEN}'))",
    ],
)
def test_a_secret_of_a_paste_is_taken_out_of_what_is_said_of_it(written: str) -> None:
    scrub = Scrubber(written, None, None)
    assert scrub.text(f"it has {TOKEN} in it, not {TOKEN[:8]}") == f"it has *** in it, not {TOKEN[:8]}"


@pytest.mark.parametrize(
    "written",
    [
        f"user={TOKEN}",
        f"curl -u {TOKEN} x",
        "token: abc",
        f"the authorization code {TOKEN[:6]}",
        f"tokenize {TOKEN}",
        f"https://host/{TOKEN}@x",
    ],
)
def test_what_is_no_secret_is_left(written: str) -> None:
    assert Scrubber(written, None, None).text(written).count("***") == 0


@pytest.mark.parametrize(
    ("length", "of_request", "of_text"), [(5, False, False), (6, True, False), (7, True, False), (8, True, True)]
)
def test_a_short_secret_is_only_looked_for_if_the_request_has_it(
    length: int, *, of_request: bool, of_text: bool
) -> None:
    secret = TOKEN[:length]
    request = with_header(secret, "x-api-key")
    assert (Scrubber("", request, None).text(secret) == "***") is of_request
    assert (Scrubber(f"token={secret}", None, None).text(secret) == "***") is of_text


@pytest.mark.parametrize(
    ("held", "said"),
    [
        ("Bearer aaa.bbb.cccccccc", "cccccccc"),
        (f"id:{TOKEN}", TOKEN),
        (f"a={TOKEN}; b={SECRET}", SECRET),
        ("Basic aWQ6c2VjcmV0c2VjcmV0", "secretsecret"),
        (f"{TOKEN} {SECRET}", f"{TOKEN}  {SECRET}".replace("  ", " ")),
        (f"{TOKEN}%2F{SECRET}", f"{TOKEN}/{SECRET}"),
    ],
)
def test_pieces_and_spellings_of_a_secret_are_taken_out_too(held: str, said: str) -> None:
    assert Scrubber("", with_header(held, "x-secret"), None).text(f"<{said}>") == "<***>"


def test_any_json_web_token_is_taken_out() -> None:
    assert Scrubber("", None, None)(("eyJhbGci.eyJpc3Mi.sig", "eye.contact.x")) == ("***", "eye.contact.x")
