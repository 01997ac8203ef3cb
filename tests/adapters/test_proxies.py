import pytest
from hypothesis import given
from hypothesis import strategies as st
from shell import SENTINEL

from zoomcall.adapters import proxies
from zoomcall.adapters.proxies import Proxies, Proxy
from zoomcall.errors import UsageError


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for scheme in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{scheme}_proxy", raising=False)
        monkeypatch.delenv(f"{scheme.upper()}_PROXY", raising=False)


def https_proxy(monkeypatch: pytest.MonkeyPatch, text: str) -> Proxy | None:
    monkeypatch.setenv("HTTPS_PROXY", text)
    return Proxies.of_system().to("https", "api.zoom.us", 443)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://proxy.example:3128", "http://proxy.example:3128"),
        ("http://proxy.example:3128/", "http://proxy.example:3128"),
        ("http://proxy.example", "http://proxy.example:80"),
        ("HTTPS://proxy.example", "https://proxy.example:443"),
        ("proxy.example:3128", "http://proxy.example:3128"),
        ("http://[::1]:3128", "http://[::1]:3128"),
        ("socks5://10.0.0.1", "socks5://10.0.0.1:1080"),
        ("socks5h://10.0.0.1:9050", "socks5h://10.0.0.1:9050"),
    ],
)
def test_usual_spellings_are_understood(monkeypatch: pytest.MonkeyPatch, text: str, shown: str) -> None:
    assert str(https_proxy(monkeypatch, text)) == shown


@pytest.mark.parametrize(
    "text",
    ["not a url", "garbage", "http://", "http://[bad", "http://proxy:port", "http://proxy:99999", "http://proxy:0",
     "http://pro xy:3128", "://proxy:3128", "http:///x", "http://a\x07b:1", "http://pr\u00f6xy:1"],
)  # fmt: skip
def test_what_is_no_url_is_a_usage_error_with_the_variables_name(
    monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    with pytest.raises(UsageError, match="HTTPS_PROXY"):
        https_proxy(monkeypatch, text)


@pytest.mark.parametrize("scheme", ["ftp", "socks9", "file"])
def test_a_proxy_of_another_kind_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    with pytest.raises(UsageError, match=f"is a {scheme} proxy"):
        https_proxy(monkeypatch, f"{scheme}://proxy.example:1")


@pytest.mark.parametrize(
    "text", [f"http://user:{SENTINEL}@[bad", f"user:{SENTINEL}/x@proxy", f"x://a:{SENTINEL}@b"]
)
def test_a_password_in_a_bad_value_is_not_shown(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    with pytest.raises(UsageError) as caught:
        https_proxy(monkeypatch, text)
    assert SENTINEL not in str(caught.value)


def test_user_and_password_are_unescaped_and_never_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    proxy = https_proxy(monkeypatch, f"http://us%40er:{SENTINEL}%3A@proxy.example:1")
    assert proxy is not None
    assert proxy.auth == (b"us@er", f"{SENTINEL}:".encode())
    assert SENTINEL not in f"{proxy} {proxy!r}"


def test_the_schemes_own_variable_outvotes_all_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://all.example")
    assert str(Proxies.of_system().to("https", "api.zoom.us", 443)) == "socks5://all.example:1080"
    monkeypatch.setenv("HTTPS_PROXY", "http://own.example:1")
    assert str(Proxies.of_system().to("https", "api.zoom.us", 443)) == "http://own.example:1"


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.9.9", "::1", "zoom.localhost"])
def test_loopback_has_no_proxy(monkeypatch: pytest.MonkeyPatch, host: str) -> None:
    monkeypatch.setenv("ALL_PROXY", "http://proxy.example:1")
    assert Proxies.of_system().to("https", host, 8443) is None


@pytest.mark.parametrize(
    ("exempt", "is_exempt"),
    [
        ("zoom.us", True),
        (".zoom.us", True),
        ("api.zoom.us:443", True),
        ("api.zoom.us:444", False),
        ("*", True),
        ("om.us", False),
    ],
)
def test_no_proxy_exempts_hosts(monkeypatch: pytest.MonkeyPatch, exempt: str, is_exempt: bool) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:1")
    monkeypatch.setenv("NO_PROXY", exempt)
    assert (Proxies.of_system().to("https", "api.zoom.us", 443) is None) is is_exempt


def test_empty_variables_count_as_unset(monkeypatch: pytest.MonkeyPatch) -> None:
    assert https_proxy(monkeypatch, "") is None


def test_a_setting_of_the_system_is_named_as_such(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proxies, "getproxies", lambda: {"https": "not a url"})
    with pytest.raises(UsageError, match="the system's proxy setting"):
        Proxies.of_system()


@given(st.text())
def test_any_text_is_a_proxy_or_a_usage_error(text: str) -> None:
    try:
        port = proxies._parse(text, "HTTPS_PROXY").port
    except UsageError:
        return
    assert 0 < port < 65536
