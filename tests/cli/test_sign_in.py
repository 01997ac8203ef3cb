"""``auth login --kind oauth`` against the local Zoom, with a browser that a test plays."""

from __future__ import annotations

import errno
import http.client
import json
import re
import signal
import socketserver
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from msgspec.structs import replace
from shell import ProcessShell, Result, Shell

from zoomcall.adapters import redirect_listener
from zoomcall.adapters.config_file import ConfigFile
from zoomcall.adapters.redirect_listener import RedirectListener
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.cli import browser
from zoomcall.domain.api_base import GOV_OAUTH_BASE
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import Profile, Store
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import Page, UserTokens, tokens_of_item
from zoomcall.emulator.running import Emulator
from zoomcall.usecases import browser_sign_in

ADDRESS = re.compile(r"^http://\S+/oauth/authorize\?\S+$", re.MULTILINE)


@dataclass
class Answer:
    """What a browser got."""

    status: int
    headers: dict[str, str]
    text: str


def send(method: str, url: str, host: str | None = None, body: bytes | None = None) -> Answer:
    """Send one request and follow no redirect."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=20)
    try:
        connection.putrequest(method, parts._replace(scheme="", netloc="").geturl(), skip_host=True)
        connection.putheader("Host", host or parts.netloc)
        connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)
        response = connection.getresponse()
        return Answer(response.status, dict(response.getheaders()), response.read().decode())
    finally:
        connection.close()


def allow(address: str) -> str:
    """Press the button on Zoom's page, and return where it leads."""
    assert "<button>Allow</button>" in send("GET", address).text
    return send("POST", address).headers["Location"]


def visit(url: str) -> Answer:
    """Go where a redirect leads, to the end."""
    answer = send("GET", url)
    while "Location" in answer.headers:
        parts = urlsplit(url)
        url = f"{parts.scheme}://{parts.netloc}{answer.headers['Location']}"
        answer = send("GET", url)
    return answer


@dataclass
class Browser:
    """What the program thinks is the browser."""

    act: Callable[[str], object] = lambda address: visit(allow(address))
    addresses: list[str] = field(default_factory=list)
    results: list[object] = field(default_factory=list)
    is_done: threading.Event = field(default_factory=threading.Event)

    def open(self, address: str) -> None:
        self.addresses.append(address)
        self.results.append(self.act(address))
        self.is_done.set()

    @property
    def page(self) -> Answer:
        assert self.is_done.wait(20)
        (answer,) = self.results
        assert isinstance(answer, Answer)
        return answer


@pytest.fixture
def user(zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> Browser:
    played = Browser()
    monkeypatch.setattr(browser, "_open", played.open)
    zoomcall.set(BROWSER="played")
    return played


@pytest.fixture
def home(zoomcall: Shell, emulator: Emulator) -> Shell:
    """Know where the local Zoom is, and nothing else."""
    ready = emulator.ready
    zoomcall.set(ZOOMCALL_API_BASE=ready["api_base"], ZOOMCALL_OAUTH_BASE=ready["oauth_base"])
    return zoomcall


def log_in(home: Shell, emulator: Emulator, *arguments: str, stdin: bytes = b"") -> Result:
    client = () if "--client-id" in arguments else ("--client-id", emulator.ready["public_client_id"])
    return home(
        "auth", "login", "--kind", "oauth", *client, "--store", "file", *arguments, stdin=stdin, reveals=("files",)
    )


def stored(home: Shell, emulator: Emulator, profile: str = "default") -> UserTokens:
    item = SecretFiles(home.config_dir).read(profile)
    assert item is not None
    found = tokens_of_item(item, ConfigFile(home.config_dir / "config.toml").read().profiles[profile].client_id)
    assert found is not None
    return found


def age(home: Shell, emulator: Emulator) -> None:
    """Let the stored access token be nearly over."""
    fresh = stored(home, emulator)
    item = json.loads(fresh.as_item(emulator.ready["public_client_id"]).reveal())
    item["expires_at"] = int((datetime.now(UTC) + timedelta(seconds=5)).timestamp())
    SecretFiles(home.config_dir).write("default", Secret(json.dumps(item)))


def whoami(home: Shell) -> Result:
    return home("whoami", "--json", reveals=("files",))


# Signing in


def test_a_user_signs_in_and_rings_a_room(home: Shell, emulator: Emulator, user: Browser) -> None:
    result = log_in(home, emulator, "--json")
    assert (result.code, result.json()["error"]) == (0, None)
    assert result.json()["result"]["kind"] == "oauth"
    assert result.json()["result"]["verified"]
    assert result.json()["credential"] == {"kind": "oauth", "source": "file"}
    rung = home(
        "invite",
        "sip",
        "answer@room.example.com",
        "--meeting",
        emulator.ready["meeting_id"],
        "--json",
        reveals=("files",),
    )
    assert (rung.code, rung.json()["result"]["state"]) == (0, "joined")
    assert rung.json()["credential"] == {"kind": "oauth", "source": "file"}


def test_the_last_page_says_what_to_do_and_holds_nothing_private(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    page = user.page
    assert page.status == 200
    assert "go back to the terminal" in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    found = stored(home, emulator)
    for secret in (found.refresh_token, found.access.text):
        assert secret.reveal() not in page.text


def test_the_code_does_not_stay_in_the_browsers_history(home: Shell, emulator: Emulator, user: Browser) -> None:
    ends: list[str] = []

    def act(address: str) -> Answer:
        answer = send("GET", allow(address))
        ends.append(answer.headers["Location"])
        return answer

    user.act = act
    log_in(home, emulator)
    assert ends == ["/done"]


def test_the_request_carries_a_challenge_and_never_the_verifier(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    (address,) = user.addresses
    query = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert query["response_type"] == "code"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", query["redirect_uri"])
    assert len(query["state"]) >= 43


def test_with_json_the_address_goes_to_stderr(home: Shell, emulator: Emulator, user: Browser) -> None:
    result = log_in(home, emulator, "--json")
    assert ADDRESS.search(result.stderr)
    assert "authorize?" not in result.stdout


def test_no_browser_prints_the_address_and_the_tunnel(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sign_in, "PATIENCE", timedelta(seconds=0.3))
    result = log_in(home, emulator, "--no-browser")
    assert result.code == 3
    assert "nobody signed in" in result.stderr
    address = ADDRESS.search(result.stderr)
    assert address is not None
    port = urlsplit(parse_qs(urlsplit(address[0]).query)["redirect_uri"][0]).port
    assert f"ssh -L {port}:127.0.0.1:{port}" in result.stderr
    assert user.addresses == []
    assert not (home.config_dir / "config.toml").exists()


def test_the_address_is_shown_to_the_quiet_and_where_nothing_is_asked(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sign_in, "PATIENCE", timedelta(seconds=0.1))
    home.set(ZOOMCALL_NO_INPUT="1")
    assert ADDRESS.search(log_in(home, emulator, "-q", "--no-browser").stderr)


def test_what_a_browser_prints_stays_out_of_the_answer(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("BROWSER", "echo opening %s")
    browser._open("http://127.0.0.1/a?b=c&d=$(e)")
    assert capfd.readouterr() == ("", "opening http://127.0.0.1/a?b=c&d=$(e)\n")


def test_a_browser_leaves_port_80_out_of_the_host(monkeypatch: pytest.MonkeyPatch) -> None:
    with RedirectListener("/callback", 0) as listener:
        assert listener.answer("/done", "127.0.0.1")[0] == 404
        listener.show(Page.SIGNED_IN)
        assert listener.answer("/done", "127.0.0.1")[0] == 404
        monkeypatch.setattr(redirect_listener, "_HTTP_PORT", listener.port)
        assert listener.answer("/done", "127.0.0.1")[0] == 200
        listener.note_shown()


@pytest.mark.parametrize(("signal_", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_waiting_closes_the_port_and_stores_nothing(
    zoomcall_process: ProcessShell, home: Shell, emulator: Emulator, signal_: signal.Signals, code: int
) -> None:
    line = (
        "auth",
        "login",
        "--kind",
        "oauth",
        "--client-id",
        emulator.ready["public_client_id"],
        "--store",
        "file",
    )
    with zoomcall_process.start(*line, "--no-browser", "-q") as running:
        assert running.process.stderr is not None
        running.process.stderr.readline()
        address = running.process.stderr.readline().decode()
        running.send(signal_)
        assert running.finish().code == code
    with pytest.raises(ConnectionRefusedError):
        send("GET", parse_qs(urlsplit(address).query)["redirect_uri"][0])
    assert not (home.config_dir / "config.toml").exists()
    assert not (home.config_dir / "secrets").exists()


def test_the_login_line_names_the_cluster() -> None:
    profile = Profile(name="a", kind=CredentialKind.OAUTH, store=Store.KEYRING, client_id="C")
    assert profile.login_line == "zoomcall auth login --kind oauth --client-id C -p a"
    gov = replace(profile, oauth_base=GOV_OAUTH_BASE)
    assert gov.login_line == "zoomcall auth login --kind oauth --client-id C --cluster gov -p a"


def test_where_no_window_can_open_the_address_is_printed(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    home.set(BROWSER=None)
    monkeypatch.setattr(browser_sign_in, "PATIENCE", timedelta(seconds=0.2))
    monkeypatch.setattr(browser, "_OPENS_WINDOWS", False)
    assert "ssh -L" in log_in(home, emulator).stderr
    assert user.addresses == []


def test_a_confidential_app_proves_itself_with_its_secret(home: Shell, emulator: Emulator, user: Browser) -> None:
    ready = emulator.ready
    secret = f"{ready['client_secret']}\n".encode()
    result = log_in(home, emulator, "--client-id", ready["client_id"], "--secret-stdin", stdin=secret)
    assert result.code == 0, result.stderr
    files = SecretFiles(home.config_dir)
    assert files.read("default/client") == Secret(ready["client_secret"])
    fresh = stored(home, emulator)
    item = json.loads(fresh.as_item(ready["client_id"]).reveal()) | {"expires_at": 5}
    files.write("default", Secret(json.dumps(item)))
    assert whoami(home).code == 0
    assert stored(home, emulator).refresh_token != fresh.refresh_token
    assert home("auth", "logout").code == 0
    assert list((home.config_dir / "secrets").iterdir()) == []


def test_signing_in_to_a_public_app_forgets_the_other_apps_secret(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    secret = f"{emulator.ready['client_secret']}\n".encode()
    log_in(home, emulator, "--client-id", emulator.ready["client_id"], "--secret-stdin", stdin=secret)
    user.is_done.clear()
    user.results.clear()
    assert log_in(home, emulator).code == 0
    assert SecretFiles(home.config_dir).read("default/client") is None


def test_another_path_and_port(home: Shell, emulator: Emulator, user: Browser) -> None:
    result = log_in(home, emulator, "--redirect-path", "/my/way")
    assert result.code == 0
    assert "%2Fmy%2Fway&" in user.addresses[0]


@pytest.mark.parametrize("path", ["callback", "/a?b", "/a#b", "/done", "/a b", ""])
def test_a_redirect_path_that_is_none(home: Shell, emulator: Emulator, path: str) -> None:
    result = log_in(home, emulator, "--redirect-path", path)
    assert (result.code, "--redirect-path" in result.stderr) == (2, True)


def test_a_port_that_is_taken(home: Shell, emulator: Emulator) -> None:
    port = urlsplit(emulator.base).port
    result = log_in(home, emulator, "--port", str(port))
    assert (result.code, f"port {port}" in result.stderr) == (2, True)


@pytest.mark.parametrize("flag", ["--no-browser", "--device", "--port=5000", "--redirect-path=/x"])
def test_its_flags_go_with_no_other_kind(zoomcall: Shell, flag: str) -> None:
    result = zoomcall("auth", "login", "--kind", "videosdk", "--api-key", "K", flag, "--secret-stdin", stdin=b"x\n")
    assert (result.code, "needs --kind oauth" in result.stderr) == (2, True)


def test_without_a_client_id_it_is_asked_for(zoomcall: Shell) -> None:
    result = zoomcall("auth", "login", "--kind", "oauth")
    assert (result.code, "--client-id" in result.stderr) == (2, True)


# Failing to


def causes(result: Result) -> list[str]:
    return [cause["id"] for cause in result.json()["error"]["causes"]]


def test_a_denial_is_exit_4_and_stores_nothing(home: Shell, emulator: Emulator, user: Browser) -> None:
    def deny(address: str) -> Answer:
        link = re.search(r'href="([^"]+)"', send("GET", address).text)
        assert link is not None
        return visit(link[1].replace("&amp;", "&"))

    user.act = deny
    result = log_in(home, emulator, "--json")
    assert (result.code, causes(result)) == (4, ["sign-in-denied"])
    assert "auth login --kind oauth" in result.json()["error"]["causes"][0]["command"]
    assert "not signed in" in user.page.text
    assert not (home.config_dir / "config.toml").exists()


def test_another_state_is_exit_4_and_its_code_is_not_used(home: Shell, emulator: Emulator, user: Browser) -> None:
    def forge(address: str) -> Answer:
        return visit(re.sub("state=[^&]+", "state=forged", allow(address)))

    user.act = forge
    result = log_in(home, emulator, "--json")
    assert (result.code, causes(result)) == (4, ["state-mismatch"])
    assert "another sign-in" in user.page.text
    assert not [each for each in emulator.requests if each.path == "/oauth/token"]


def test_stray_requests_use_nothing_up(home: Shell, emulator: Emulator, user: Browser) -> None:
    strays: list[int] = []

    def act(address: str) -> Answer:
        back = allow(address)
        base = f"http://{urlsplit(back).netloc}"
        strays.append(send("GET", f"{base}/favicon.ico").status)
        strays.append(send("GET", f"{base}/callback").status)
        strays.append(send("GET", f"{base}/done").status)
        strays.append(send("GET", back, host="evil.example").status)
        strays.append(send("POST", back).status)
        return visit(back)

    user.act = act
    assert log_in(home, emulator).code == 0
    assert strays == [404, 404, 404, 404, 501]


def test_an_address_opened_twice_signs_in_once(home: Shell, emulator: Emulator, user: Browser) -> None:
    def act(address: str) -> Answer:
        back = allow(address)

        def open_it() -> None:
            with suppress(OSError):  # whoever comes second may find nobody there any more
                visit(back)

        twice = [threading.Thread(target=open_it) for _ in range(2)]
        for thread in twice:
            thread.start()
        for thread in twice:
            thread.join(20)
        return Answer(200, {}, "")

    user.act = act
    assert log_in(home, emulator).code == 0
    assert len([each for each in emulator.requests if each.path == "/oauth/token"]) == 1


def test_the_line_that_begins_again_has_the_same_flags(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser_sign_in, "PATIENCE", timedelta(seconds=0.1))
    flags = ("--client-id", "C", "--redirect-path", "/a&b", "--secret-stdin", "--no-browser")
    result = log_in(home, emulator, *flags, "--json", stdin=b"made-up-secret-of-an-app")
    assert result.json()["error"]["command"] == (
        "zoomcall auth login --kind oauth --client-id C --store file -p default"
        " --redirect-path '/a&b' --secret-file FILE --no-browser"
    )


def test_a_listener_that_the_system_ends_is_exit_3_with_the_login_line(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(errno.ENOBUFS, "no room")

    monkeypatch.setattr(socketserver._ServerSelector, "select", fail)  # type: ignore[attr-defined] # of typeshed
    user.act = lambda _: None
    result = log_in(home, emulator, "--json")
    assert (result.code, "no room" in result.json()["error"]["title"]) == (3, True)
    assert result.json()["error"]["command"].startswith("zoomcall auth login --kind oauth")


def test_a_listener_without_a_thread_is_exit_3(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(redirect_listener.threading.Thread, "start", fail)
    result = log_in(home, emulator, "--no-browser")
    assert (result.code, "no more threads" in result.stderr) == (3, True)


def test_without_another_thread_the_browser_is_answered_all_the_same(
    home: Shell, emulator: Emulator, user: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(socketserver.ThreadingMixIn, "process_request", fail)
    assert log_in(home, emulator).code == 0
    assert "go back to the terminal" in user.page.text


def test_a_code_that_zoom_refuses(home: Shell, emulator: Emulator, user: Browser) -> None:
    user.act = lambda address: visit(re.sub("code=[^&]+", "code=spent", allow(address)))
    result = log_in(home, emulator, "--json")
    assert (result.code, causes(result)[0]) == (4, "authorization-code-spent")
    assert "did not accept" in user.page.text


# Staying signed in


def test_a_token_that_ends_soon_is_renewed(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    before = stored(home, emulator)
    assert whoami(home).code == 0
    assert stored(home, emulator) == before
    age(home, emulator)
    assert whoami(home).code == 0
    after = stored(home, emulator)
    assert after.refresh_token != before.refresh_token
    assert after.access.text != before.access.text


def test_a_refused_token_is_renewed_once_and_the_room_rings_once(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    emulator.world.revoke_tokens()
    result = home(
        "invite",
        "sip",
        "answer@room.example.com",
        "--meeting",
        emulator.ready["meeting_id"],
        "--no-wait",
        reveals=("files",),
    )
    assert result.code == 0, result.stderr
    assert len([each for each in emulator.requests if each.method == "PATCH" and each.status == 202]) == 1


def test_a_spent_refresh_token_is_exit_4_with_the_login_line(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    age(home, emulator)
    emulator.world.sign_ins.begin(emulator.ready["public_client_id"])  # on another machine
    result = whoami(home)
    assert (result.code, causes(result)[0]) == (4, "refresh-token-spent")
    text = home("whoami", reveals=("files",)).stderr
    login = (
        f"zoomcall auth login --kind oauth --client-id {emulator.ready['public_client_id']} --store file -p default"
    )
    assert login in text


def test_a_session_needs_another_kind(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    result = home("invite", "sip", "answer@room.example.com", "--session", "abc", reveals=("files",))
    assert (result.code, "of kind oauth" in result.stderr) == (3, True)


def test_scopes_that_are_missing_are_named(home: Shell, emulator: Emulator, user: Browser) -> None:
    emulator.world.scopes = ("meeting:read:meeting", "user:read:user")
    log_in(home, emulator)
    result = home("doctor", "--json", "--meeting", emulator.ready["meeting_id"], reveals=("files",))
    (scopes,) = [check for check in result.json()["result"]["checks"] if check["id"] == "scopes"]
    assert scopes["status"] == "failed"
    assert "invite" in scopes["detail"]


def test_a_token_can_be_printed(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    printed = home("token", "mint", "-p", "default", reveals=("output", "files"))
    assert printed.stdout.strip() == stored(home, emulator).access.text.reveal()


def test_offline_nothing_is_asked(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    age(home, emulator)
    asked = len(emulator.requests)
    assert home("whoami", "--offline", reveals=("files",)).code == 0
    home("doctor", "--offline", reveals=("files",))
    assert len(emulator.requests) == asked


# Signing out


def test_logout_revokes_and_forgets(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    access = stored(home, emulator).access.text.reveal()
    result = home("auth", "logout")
    assert (result.code, result.stderr) == (0, "")
    assert list((home.config_dir / "secrets").iterdir()) == []
    answer = send_me(emulator, access)
    assert answer.status == 401


def test_logout_of_all_revokes_and_says_where_it_could_not(home: Shell, emulator: Emulator, user: Browser) -> None:
    log_in(home, emulator)
    home.set(ZOOMCALL_OAUTH_BASE="http://127.0.0.1:9")
    failed = home("auth", "logout", "--all", "--yes")
    assert (failed.code, "removed profile default, but the sign-in was not revoked" in failed.stdout) == (0, True)
    home.set(ZOOMCALL_OAUTH_BASE=emulator.ready["oauth_base"])
    user.is_done.clear()
    user.results.clear()
    log_in(home, emulator)
    access = stored(home, emulator).access.text.reveal()
    done = home("auth", "logout", "--all", "--yes")
    assert (done.code, "and signed its user out at Zoom" in done.stdout) == (0, True)
    assert send_me(emulator, access).status == 401


def send_me(emulator: Emulator, access: str) -> Answer:
    connection = http.client.HTTPConnection(urlsplit(emulator.base).netloc, timeout=10)
    connection.request("GET", "/v2/users/me", headers={"Authorization": f"Bearer {access}"})
    try:
        response = connection.getresponse()
        return Answer(response.status, {}, response.read().decode())
    finally:
        connection.close()


def test_what_cannot_be_revoked_is_told_and_forgotten_all_the_same(
    home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    home.set(ZOOMCALL_OAUTH_BASE="http://127.0.0.1:9")
    result = home("auth", "logout", "--json")
    assert (result.code, [warning["id"] for warning in result.json()["warnings"]]) == (0, ["not-revoked"])
    assert list((home.config_dir / "secrets").iterdir()) == []


# On another device


def confirm(emulator: Emulator, answer: bytes = b"") -> Callable[[float], None]:
    """Return a ``sleep`` during which the user answers."""

    def sleep(_seconds: float) -> None:
        with emulator.world.sign_ins._lock:
            codes = [device.user_code for device in emulator.world.sign_ins._devices.values()]
        for code in codes:
            emulator.world.sign_ins.answer_device(code, is_allowed=not answer)

    return sleep


def test_a_user_signs_in_on_another_device(
    home: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(browser.time, "sleep", confirm(emulator))
    result = log_in(home, emulator, "--device")
    assert result.code == 0, result.stderr
    assert re.search(r"^code: [A-Z0-9]{8}$", result.stderr, re.MULTILINE)
    assert whoami(home).code == 0


def test_a_denial_on_another_device(home: Shell, emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(browser.time, "sleep", confirm(emulator, b"deny"))
    result = log_in(home, emulator, "--device", "--json")
    assert (result.code, causes(result)) == (4, ["sign-in-denied"])


# Under fire


def test_processes_at_once_renew_once(
    zoomcall_process: ProcessShell, home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    age(home, emulator)
    before = len([each for each in emulator.requests if each.path == "/oauth/token"])
    with ExitStack() as stack:
        started = [stack.enter_context(zoomcall_process.start("whoami", "--json")) for _ in range(6)]
        results = [each.finish(reveals=("files",)) for each in started]
    assert [result.code for result in results] == [0] * 6
    assert len([each for each in emulator.requests if each.path == "/oauth/token"]) == before + 1


def test_a_kill_leaves_a_token_that_works_or_a_login_line(
    zoomcall_process: ProcessShell, home: Shell, emulator: Emulator, user: Browser
) -> None:
    log_in(home, emulator)
    for pause in (0.30, 0.36, 0.42, 0.50):
        age(home, emulator)
        with zoomcall_process.start("whoami", "--json") as running:
            time.sleep(pause)
            running.send(signal.SIGKILL)
            running.finish(reveals=("files",))
        result = whoami(home)
        assert result.code == 0 or (result.code, causes(result)[0]) == (4, "refresh-token-spent")
        if result.code:
            user.is_done.clear()
            user.results.clear()
            assert log_in(home, emulator).code == 0
