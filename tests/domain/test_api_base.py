from __future__ import annotations

import contextlib
from urllib.parse import urlsplit

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from zoomcall.domain.api_base import (
    API_BASE,
    GOV_API_BASE,
    GOV_OAUTH_BASE,
    OAUTH_BASE,
    ApiBase,
    host_of,
    is_loopback,
    parse_base,
    websocket_url,
)
from zoomcall.errors import UsageError

SECRET = "Zq81kTw0"


def parsed(text: str, *, is_any_host_allowed: bool = False) -> str:
    return parse_base(text, variable="ZOOMCALL_API_BASE", is_any_host_allowed=is_any_host_allowed)


@pytest.mark.parametrize("base", [API_BASE, OAUTH_BASE, GOV_API_BASE, GOV_OAUTH_BASE])
def test_the_bases_of_zooms_clusters_pass_as_they_are(base: str) -> None:
    assert parsed(base) == base


@pytest.mark.parametrize(
    ("text", "base"),
    [
        ("https://api.zoom.us/v2/", "https://api.zoom.us/v2"),
        ("https://api.zoom.us/v2//", "https://api.zoom.us/v2"),
        ("HTTPS://API.Zoom.US/v2", "https://api.zoom.us/v2"),
        ("https://api.zoom.us:443/v2", "https://api.zoom.us/v2"),
        ("https://api.zoom.us:/v2", "https://api.zoom.us/v2"),
        ("https://api.zoom.us.:443/v2", "https://api.zoom.us/v2"),
        ("https://api.zoom.us:8443/v2", "https://api.zoom.us:8443/v2"),
        ("https://eu01api-www4local.zoom.us/v2", "https://eu01api-www4local.zoom.us/v2"),
        ("http://127.0.0.1:8080/v2", "http://127.0.0.1:8080/v2"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://localhost:80", "http://localhost"),
        ("http://LOCALHOST.:8080/", "http://localhost:8080"),
        ("http://[::1]:8080/v2", "http://[::1]:8080/v2"),
        ("http://[0:0::1]", "http://[::1]"),
        ("https://[::1]", "https://[::1]"),
    ],
)
def test_every_spelling_of_a_base_is_the_same_base(text: str, base: str) -> None:
    assert parsed(text) == base


@pytest.mark.parametrize(
    "text",
    [
        "https://evil.example",
        "https://zoom.us.evil.example",
        "https://evilzoom.us",
        "https://evil-zoom.us/v2",
        "https://zoomgov.com.example",
        "https://203.0.113.1",
        "https://[2001:db8::1]",
        "https://0.0.0.0",
        "https://localhost.example",
        "https://evil.example\\.zoom.us",
        "https://evil.example%2F.zoom.us",
        "https://evil.example%00.zoom.us",
        "https://evil.example;.zoom.us",
        "https://evil.example,.zoom.us",
        "https://-.zoom.us",
        "https://..zoom.us",
        "https://.zoom.us",
        "https://a..zoom.us",
        "https://\u0430pi.zoom.us",  # a Cyrillic a
        "https://evil。zoom。us",
    ],
)
def test_a_host_that_is_not_zooms_never_gets_credentials(text: str) -> None:
    with pytest.raises(UsageError):
        parsed(text)


def test_another_host_passes_once_it_is_allowed() -> None:
    assert parsed("https://proxy.example/zoom/v2/", is_any_host_allowed=True) == "https://proxy.example/zoom/v2"
    with pytest.raises(UsageError, match="ZOOMCALL_API_BASE") as caught:
        parsed("https://proxy.example/zoom/v2")
    assert "ZOOMCALL_ALLOW_API_BASE=1" in str(caught.value.fix)


@pytest.mark.parametrize("is_any_host_allowed", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "",
        "zoom.us",
        "//zoom.us",
        "ftp://zoom.us",
        "file:///etc/passwd",
        "https://",
        "https:///v2",
        "https://zoom.us:0",
        "https://zoom.us:65536",
        "https://zoom.us:x",
        "https://zoom.us/v2?x=1",
        "https://zoom.us/v2?",
        "https://zoom.us/v2#x",
        "https://zoom.us/v2#",
        "https://zoom.us /v2",
        "https://zoom.us/v2\n",
        " https://zoom.us/v2",
        "https://zoom.us/v\x002",
        "https://zo\u202eom.us",
        "https://[::1",
        "https://[zoom.us]",
        "http://zoom.us",
        "http://203.0.113.1",
        "http://10.0.0.1:8080",
        "http://[::2]",
        "http://127.0.0.1.example",
    ],
)
def test_what_is_no_safe_base_is_refused_whatever_is_allowed(text: str, *, is_any_host_allowed: bool) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text, is_any_host_allowed=is_any_host_allowed)
    assert caught.value.message.isprintable()


@pytest.mark.parametrize(
    "text",
    [
        f"https://user:{SECRET}@zoom.us",
        f"https://{SECRET}@zoom.us",
        f"https://user:{SECRET}@zoom.us:x",
        f"https://user:{SECRET}@[zoom.us",
        f"ftp://user:{SECRET}@zoom.us",
        f"https://user:{SECRET}@zoom.us /",
        f"https://zoom.us/v2?access_token={SECRET}",
        f"https://zoom.us:x/v2?access_token={SECRET}",
        f"https://zoom.us/v2#{SECRET}",
    ],
)
def test_a_user_password_or_query_in_a_base_is_refused_and_not_repeated(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parsed(text, is_any_host_allowed=True)
    error = caught.value
    assert SECRET not in f"{error!r} {error.fix} {error.__cause__!r} {error.__context__!r}"


@given(
    st.one_of(
        st.text(),
        st.builds("{}{}{}".format, st.sampled_from(["https://", "http://", ""]), st.text(max_size=20), st.text()),
        st.text("htps:/zom.u[]127.0@%\\?#1", max_size=30).map("https://{}".format),
    ),
    st.booleans(),
)
@example("https://[", True)
@example("https://[v1.x]", True)
@example("https://\u2100.zoom.us", True)
def test_any_text_is_a_base_or_a_usage_error(text: str, is_any_host_allowed: bool) -> None:
    with contextlib.suppress(UsageError):
        base = parsed(text, is_any_host_allowed=is_any_host_allowed)
        assert parsed(base, is_any_host_allowed=is_any_host_allowed) == base
        assert base.isascii()
        assert base.isprintable()
        assert not base.endswith("/")
        assert not set(" \\@?#") & set(base)
        parts = urlsplit(base)
        assert parts.scheme == "https" or is_loopback(host_of(base))
        if not is_any_host_allowed:
            host = parts.hostname or ""
            assert (
                is_loopback(host)
                or host.endswith((".zoom.us", ".zoomgov.com"))
                or host
                in {
                    "zoom.us",
                    "zoomgov.com",
                }
            )


@pytest.mark.parametrize(
    ("host", "is_this_machine"),
    [
        ("localhost", True),
        ("LOCALHOST.", True),
        ("api.localhost", True),
        ("127.0.0.1", True),
        ("127.255.255.254", True),
        ("::1", True),
        ("[::1]", True),
        ("128.0.0.1", False),
        ("0.0.0.0", False),  # noqa: S104 - nobody binds it
        ("localhost.example", False),
        ("notlocalhost", False),
        ("127.0.0.1.example", False),
        ("", False),
        ("zoom.us", False),
    ],
)
def test_loopback_is_this_machine_and_nothing_like_it(host: str, *, is_this_machine: bool) -> None:
    assert is_loopback(host) is is_this_machine


def test_the_host_of_a_base_is_without_brackets_and_port() -> None:
    assert host_of("http://[::1]:8080/v2") == "::1"
    assert host_of("https://api.zoom.us/v2") == "api.zoom.us"


@pytest.mark.parametrize(
    ("base", "url"),
    [
        ("https://api.zoom.us/v2", "wss://ws.zoom.us/ws"),
        ("https://api-eu.zoom.us/v2", "wss://ws.zoom.us/ws"),
        ("https://zoom.us/v2", "wss://ws.zoom.us/ws"),
        ("http://127.0.0.1:8080/v2", "ws://127.0.0.1:8080/ws"),
        ("http://[::1]:8080", "ws://[::1]:8080/ws"),
        ("https://localhost/v2", "wss://localhost/ws"),
        ("https://api.zoomgov.com/v2", None),
        ("https://zoom.us.example.com/v2", None),
        ("https://notzoom.us/v2", None),
        ("https://gateway.example.com/v2", None),
    ],
)
def test_websockets_are_zooms_own_or_on_loopback(base: str, url: str | None) -> None:
    assert websocket_url(ApiBase(base)) == url
