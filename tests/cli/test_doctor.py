import json
import re
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import keyring.core
import pytest
from keyring_backends import Remembering
from loopback import REMOTE, Loopback, Peer, answering, free_port, self_signed
from shell import SENTINEL, Result, Shell
from tokens import OAUTH_CLAIMS, OAUTH_HEADER, SESSION_CLAIMS, jwt

from zoomcall.emulator.faults import Fault
from zoomcall.emulator.keys import GrantType
from zoomcall.emulator.messages import Reply, json_reply, refusal
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.scopes import ALL_ADMIN
from zoomcall.emulator.trouble import Trouble
from zoomcall.usecases.checking import checkup
from zoomcall.usecases.checking.verdicts import CheckId

ORDER = [  # contract 11
    *("credential", "keyring", "clock", "dns", "tls", "proxy", "api"),
    *("token", "account", "scopes", "crc", "session", "webhook", "versions"),
]
ZOOMS = b'{"code":124,"message":"Invalid access token."}'
PAIR = {"ZOOMCALL_API_KEY": "K" * 20, "ZOOMCALL_API_SECRET": SENTINEL}
ANYWHERE = {"ZOOMCALL_ALLOW_API_BASE": "1", "ZOOMCALL_API_BASE": f"https://{REMOTE}/v2"}
SKEWED = timedelta(minutes=2)


@pytest.fixture(autouse=True)
def fresh_keyring(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keyring.core, "_keyring_backend", None)
    monkeypatch.setattr(Remembering, "secrets", {})


@dataclass
class Checked:
    """What ``doctor --json`` said."""

    result: Result

    @property
    def document(self) -> Any:
        return self.result.json()

    @property
    def checks(self) -> dict[str, Any]:
        return {check["id"]: check for check in self.document["result"]["checks"]}

    @property
    def statuses(self) -> dict[str, str]:
        return {name: check["status"] for name, check in self.checks.items()}

    @property
    def failed(self) -> list[str]:
        return [name for name, status in self.statuses.items() if status == "failed"]

    @property
    def skipped(self) -> list[str]:
        return [name for name, status in self.statuses.items() if status == "skipped"]

    def cause(self, name: str) -> Any:
        return self.checks[name]["causes"][0]


@pytest.fixture
def doctor(zoomcall: Shell) -> Callable[..., Checked]:
    def run(*arguments: str, environ: dict[str, str | None] | None = None) -> Checked:
        return Checked(zoomcall("doctor", *arguments, "--json", environ=environ))

    return run


def environ_of(zoom: Emulator, *kinds: str) -> dict[str, str]:
    ready = zoom.ready
    bases = {"ZOOMCALL_API_BASE": ready["api_base"], "ZOOMCALL_OAUTH_BASE": ready["oauth_base"]}
    credentials = {
        "videosdk": {"ZOOMCALL_API_KEY": ready["api_key"], "ZOOMCALL_API_SECRET": ready["api_secret"]},
        "s2s": {
            "ZOOMCALL_ACCOUNT_ID": ready["account_id"],
            "ZOOMCALL_CLIENT_ID": ready["client_id"],
            "ZOOMCALL_CLIENT_SECRET": ready["client_secret"],
        },
    }
    return bases | {name: value for kind in kinds for name, value in credentials[kind].items()}


@pytest.fixture
def sdk(emulator: Emulator) -> dict[str, str]:
    return environ_of(emulator, "videosdk")


@pytest.fixture
def app(emulator: Emulator) -> dict[str, str]:
    return environ_of(emulator, "s2s")


# The whole


def test_all_is_well_in_a_session(doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]) -> None:
    secret = {"ZOOMCALL_WEBHOOK_SECRET": emulator.ready["webhook_secret"]}
    checked = doctor("--session", emulator.ready["session_id"], environ=sdk | secret)
    assert checked.result.code == 0
    assert list(checked.statuses) == ORDER == [check.value for check in CheckId]
    assert set(checked.statuses.values()) == {"ok", "skipped"}
    assert checked.skipped == ["tls"]
    assert "in it" in checked.checks["session"]["detail"]
    assert "ZOOMCALL_API_SECRET" in checked.checks["credential"]["detail"]
    assert emulator.ready["api_key"] not in checked.result.stdout
    assert {request.method for request in emulator.requests} == {"GET", "POST"}


def test_all_is_well_in_a_meeting(doctor: Callable[..., Checked], emulator: Emulator, app: dict[str, str]) -> None:
    secret = {"ZOOMCALL_WEBHOOK_SECRET": emulator.ready["webhook_secret"]}
    checked = doctor("--meeting", emulator.ready["meeting_id"], environ=app | secret)
    assert checked.result.code == 0
    assert checked.skipped == ["tls"]
    assert emulator.ready["account_id"] in checked.checks["account"]["detail"]
    assert "invite, wait, sync" in checked.checks["scopes"]["detail"]
    assert not any("events" in request.path for request in emulator.requests)


def test_a_person_reads_a_line_for_each_check(zoomcall: Shell, sdk: dict[str, str]) -> None:
    result = zoomcall("doctor", environ=sdk)
    assert result.code == 0
    assert result.stderr == ""
    *checks, count = (line for line in result.stdout.splitlines() if not line.startswith(" "))
    assert [line.partition(":")[0] for line in checks] == ORDER
    assert sum(int(part.split()[0]) for part in count.split(", ")) == len(ORDER)
    assert count.split(", ")[0].endswith(" ok")


def test_a_person_reads_each_check_once_a_failed_one_in_full_and_a_count_at_the_end(
    zoomcall: Shell, sdk: dict[str, str]
) -> None:
    result = zoomcall("doctor", environ=sdk | {"ZOOMCALL_API_SECRET": SENTINEL * 2})
    assert result.code == 4
    assert "token: failed, Zoom answered HTTP 401: 124" in result.stdout
    assert "    fix: Fix token first." in result.stdout
    token = result.stdout.partition("\ntoken: ")[2].partition("\naccount: ")[0]
    for words in (
        "  why:\n",
        "likely: key-pair-refused",
        "checked and found fine:",
        "  more: zoomcall explain 124",
    ):
        assert words in token
    assert result.stdout.count("Zoom answered HTTP 401") == 1
    count = result.stdout.splitlines()[-1]
    assert re.fullmatch(r"\d+ ok(, \d+ warnings?)?, (\d+) failed, \d+ skipped", count)
    failed = sum(line.partition(": ")[2].startswith("failed,") for line in result.stdout.splitlines())
    assert result.stderr == f"error: {failed} of {len(ORDER)} checks failed; the first is token (exit 4)\n"


@pytest.mark.parametrize(
    ("flag", "name"), [("--session", "session_id"), ("--session-name", "session_name"), ("--meeting", "meeting_id")]
)
def test_with_300_ms_on_every_answer_it_stays_under_5_s(zoomcall: Shell, flag: str, name: str) -> None:
    with Emulator(trouble=Trouble(pace=timedelta(milliseconds=300))) as zoom:
        environ = environ_of(zoom, "videosdk", "s2s")
        zoomcall("doctor", "--offline", flag, zoom.ready[name], environ=environ)  # what is imported once
        begun = time.monotonic()
        result = zoomcall("doctor", flag, zoom.ready[name], environ=environ)
        assert time.monotonic() - begun < 5
    assert result.code == 0
    assert len(zoom.requests) >= 5


@pytest.mark.parametrize(
    "environ",
    [
        {},
        PAIR,
        ANYWHERE | PAIR,
        {"ZOOMCALL_API_KEY": "K" * 20},
        {"ZOOMCALL_API_KEY": "a b", "ZOOMCALL_API_SECRET": SENTINEL},
        {"ZOOMCALL_PROFILE": "unknown"},
        {"ZOOMCALL_TOKEN": SENTINEL},
    ],
    ids=str,
)
def test_whatever_is_not_ok_has_a_fix(doctor: Callable[..., Checked], environ: dict[str, str]) -> None:
    port = free_port()
    checked = doctor(environ={"ZOOMCALL_API_BASE": f"http://127.0.0.1:{port}/v2"} | environ)
    assert len(checked.failed) >= 1
    for check in checked.checks.values():
        assert check["detail"]
        assert check["fix"] or check["status"] == "ok"
    first = checked.checks[checked.failed[0]]
    assert checked.result.code == first["exit_code"]
    assert checked.document["error"]["title"].startswith(f"{first['id']}: ")


# Credential and keyring


def test_without_a_credential_the_way_is_checked_all_the_same(
    doctor: Callable[..., Checked], emulator: Emulator
) -> None:
    checked = doctor(environ=environ_of(emulator))
    assert checked.result.code == 3
    assert checked.failed == ["credential"]
    assert checked.skipped == ["keyring", "tls", "token", "account", "scopes", "crc", "session", "webhook"]
    assert checked.checks["token"]["fix"] == "Fix credential first."
    assert "auth login" in checked.checks["credential"]["command"]


def test_half_a_pair_is_exit_3(doctor: Callable[..., Checked], emulator: Emulator) -> None:
    checked = doctor(environ=environ_of(emulator) | {"ZOOMCALL_API_KEY": "K"})
    assert checked.result.code == 3
    assert checked.failed == ["credential"]
    assert "ZOOMCALL_API_SECRET" in checked.checks["credential"]["fix"]


def test_two_credentials_without_a_target_are_exit_2_and_named(
    doctor: Callable[..., Checked], emulator: Emulator
) -> None:
    both = environ_of(emulator, "videosdk", "s2s")
    checked = doctor(environ=both)
    assert checked.result.code == 2
    assert checked.failed == ["credential"]
    assert "ZOOMCALL_API_KEY (videosdk)" in checked.checks["credential"]["detail"]
    assert doctor("--for", "meeting", environ=both).result.code == 0


def test_the_credential_and_what_it_hides_are_named(doctor: Callable[..., Checked], emulator: Emulator) -> None:
    both = environ_of(emulator, "videosdk", "s2s")
    detail = doctor("--for", "session", "--only", "credential", environ=both).checks["credential"]["detail"]
    assert detail.startswith("videosdk from env (ZOOMCALL_API_SECRET)")
    assert "not used: s2s from env (ZOOMCALL_CLIENT_SECRET)" in detail


def stored(zoomcall: Shell, zoom: Emulator) -> dict[str, str]:
    """Return the environment of a profile whose secret is in the keyring."""
    zoomcall.config_dir.mkdir(mode=0o700)
    (zoomcall.config_dir / "config.toml").write_text(
        'current = "prod"\n[profiles.prod]\nkind = "videosdk"\nstore = "keyring"\n'
        f'api_key = "{zoom.ready["api_key"]}"\n',
        encoding="utf-8",
    )
    (zoomcall.config_dir / "config.toml").chmod(0o600)
    Remembering.secrets["zoomcall", "prod"] = zoom.ready["api_secret"]
    zoomcall.hide(zoom.ready["api_secret"])
    return environ_of(zoom) | {"PYTHON_KEYRING_BACKEND": "keyring_backends.Remembering"}


def test_the_keyring_and_the_time_it_takes_are_named(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    checked = doctor(environ=stored(zoomcall, emulator))
    assert checked.result.code == 0
    assert checked.checks["keyring"]["detail"].startswith("keyring_backends.Remembering answered in 0.0")
    assert checked.checks["credential"]["detail"].startswith("videosdk from keyring (profile 'prod')")
    assert checked.document["profile"] == "prod"


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        ("keyring_backends.Locked", "locked"),
        ("keyring_backends.Sleeping", "within 0.3 s"),
        ("keyring.backends.fail.Keyring", "there is none"),
        ("no.such.Backend", "cannot be loaded"),
    ],
)
def test_a_keyring_that_cannot_be_used_is_told_once(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator, backend: str, words: str
) -> None:
    unusable = {"PYTHON_KEYRING_BACKEND": backend, "ZOOMCALL_KEYRING_TIMEOUT": "0.3"}
    checked = doctor(environ=stored(zoomcall, emulator) | unusable)
    assert checked.result.code == 3
    assert checked.failed == ["credential", "keyring"]
    assert "profile 'prod'" in checked.checks["credential"]["detail"]
    assert words in checked.checks["keyring"]["detail"]
    assert words not in checked.checks["credential"]["detail"]
    assert "--store file" in checked.checks["keyring"]["fix"]
    assert checked.checks["webhook"]["detail"] == "not checked because keyring failed"
    assert checked.statuses["api"] == "ok"
    alone = doctor("--only", "credential", environ=stored_again(zoomcall, emulator) | unusable)
    assert words in alone.checks["credential"]["detail"]


def stored_again(zoomcall: Shell, zoom: Emulator) -> dict[str, str]:
    assert (zoomcall.config_dir / "config.toml").exists()
    return environ_of(zoom)


def test_a_keyring_without_the_secret_is_no_fault_of_the_keyring(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    environ = stored(zoomcall, emulator)
    Remembering.secrets.clear()
    checked = doctor(environ=environ)
    assert checked.failed == ["credential"]
    assert checked.statuses["keyring"] == "ok"
    assert "holds no secret" in checked.checks["credential"]["detail"]


def test_a_profile_that_cannot_be_used_leaves_the_keyring_unasked(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    environ = stored(zoomcall, emulator)
    with (zoomcall.config_dir / "config.toml").open("a", encoding="utf-8") as file:
        file.write('api_base = "ftp://nowhere"\n')
    checked = doctor(environ=environ)
    assert (checked.result.code, checked.failed) == (2, ["credential"])
    assert checked.checks["keyring"]["fix"] == "Fix credential first."


# The clock


def skewed(by: timedelta, **settings: Any) -> Emulator:
    """Return a Zoom whose clock is ahead of this machine's."""
    return Emulator(clock=lambda: datetime.now(UTC) + by, **settings)


@pytest.mark.parametrize(("by", "words"), [(-SKEWED, "ahead of Zoom's"), (timedelta(minutes=15), "behind Zoom's")])
def test_a_clock_that_spoils_tokens_comes_first(doctor: Callable[..., Checked], by: timedelta, words: str) -> None:
    with skewed(by) as zoom:
        checked = doctor(environ=environ_of(zoom, "videosdk"))
    assert checked.result.code == 4
    assert checked.failed == ["clock", "token"]
    assert words in checked.checks["clock"]["detail"]
    assert checked.cause("clock")["id"] == checked.cause("token")["id"] == "clock-skew"
    assert checked.cause("clock")["certainty"] == "certain"


def test_a_clock_that_is_off_and_spoils_nothing_is_a_warning(doctor: Callable[..., Checked]) -> None:
    with skewed(timedelta(minutes=1)) as zoom:
        checked = doctor(environ=environ_of(zoom, "videosdk"))
    assert checked.result.code == 0
    assert checked.statuses["clock"] == "warning"
    assert re.search(r"\b(5[5-9]|6[0-5]) s behind", checked.checks["clock"]["detail"])
    assert "NTP" in checked.checks["clock"]["fix"]


def test_tokens_of_zooms_own_suffer_from_no_clock(doctor: Callable[..., Checked]) -> None:
    with skewed(-SKEWED) as zoom:
        checked = doctor(environ=environ_of(zoom, "s2s"))
    assert checked.result.code == 0
    assert checked.statuses["clock"] == "warning"


def test_an_answer_without_a_date_leaves_the_clock_open(doctor: Callable[..., Checked]) -> None:
    with Loopback(answering(401, ZOOMS)) as server:
        checked = doctor("--only", "clock", environ=PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"})
    assert checked.statuses == {"clock": "warning"}


# The way to Zoom


def test_a_dead_port_is_exit_10(doctor: Callable[..., Checked]) -> None:
    checked = doctor(environ=PAIR | {"ZOOMCALL_API_BASE": f"http://127.0.0.1:{free_port()}/v2"})
    assert checked.result.code == 10
    assert checked.failed == ["api"]
    assert checked.document["error"]["network"] == "connect"
    assert checked.statuses["dns"] == "ok"
    assert checked.checks["token"]["detail"] == "not checked because api failed"
    secured = doctor(environ=PAIR | {"ZOOMCALL_API_BASE": f"https://127.0.0.1:{free_port()}/v2"})
    assert secured.failed == ["api"]
    assert secured.checks["tls"]["fix"] == "Fix api first."
    alone = doctor("--only", "tls", environ=PAIR | {"ZOOMCALL_API_BASE": f"https://127.0.0.1:{free_port()}/v2"})
    assert (alone.result.code, alone.failed) == (10, ["tls"])


def test_a_name_that_does_not_resolve_is_exit_10(doctor: Callable[..., Checked]) -> None:
    checked = doctor(environ=PAIR | ANYWHERE)
    assert checked.result.code == 10
    assert checked.failed == ["dns"]
    assert checked.document["error"]["network"] == "dns"
    assert REMOTE in checked.checks["dns"]["detail"]
    assert {checked.checks[name]["fix"] for name in ("clock", "tls", "api", "token", "account")} == {
        "Fix dns first."
    }


def test_what_blocks_a_check_is_told_where_it_is_not_among_the_wanted(doctor: Callable[..., Checked]) -> None:
    checked = doctor("--only", "account", "--only", "versions", environ=PAIR | ANYWHERE)
    assert checked.result.code == 10
    assert checked.statuses == {"account": "failed", "versions": "ok"}
    assert checked.document["error"]["network"] == "dns"


def test_an_untrusted_certificate_is_exit_10(
    doctor: Callable[..., Checked], certificate: tuple[ssl.SSLContext, Path]
) -> None:
    with Loopback(answering(401, ZOOMS), tls=certificate[0]) as server:
        checked = doctor(environ=PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"})
    assert checked.result.code == 10
    assert checked.failed == ["tls"]
    assert checked.document["error"]["network"] == "tls"
    assert "SSL_CERT_FILE" in checked.checks["tls"]["fix"]
    assert checked.checks["api"]["detail"] == "not checked because tls failed"


@pytest.mark.parametrize(
    ("off_by", "words"), [(timedelta(days=-900), "has expired"), (timedelta(days=900), "is not valid yet")]
)
def test_a_clock_that_spoils_certificates_is_the_failed_check(
    doctor: Callable[..., Checked], tmp_path: Path, off_by: timedelta, words: str
) -> None:
    context, file = self_signed(tmp_path, off_by=off_by)
    with Loopback(answering(401, ZOOMS), tls=context) as server:
        base = PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2", "SSL_CERT_FILE": str(file)}
        checked, alone = doctor(environ=base), doctor("--only", "tls", environ=base)
    assert (checked.result.code, checked.failed) == (10, ["clock"])
    assert words in checked.checks["clock"]["detail"]
    assert checked.cause("clock")["id"] == "clock-wrong"
    assert "NTP" in checked.checks["clock"]["fix"]
    assert {checked.checks[name]["fix"] for name in ("tls", "api", "token", "account")} == {"Fix clock first."}
    assert (alone.result.code, alone.failed) == (10, ["tls"])
    assert "NTP" in alone.checks["tls"]["fix"]


def test_a_certificate_that_ends_soon_is_a_warning(
    doctor: Callable[..., Checked], certificate: tuple[ssl.SSLContext, Path]
) -> None:
    with Loopback(answering(401, ZOOMS), tls=certificate[0]) as server:
        base = {"ZOOMCALL_API_BASE": f"{server.url}/v2", "SSL_CERT_FILE": str(certificate[1])}
        checked = doctor("--only", "tls,api", environ=PAIR | base)
    assert checked.statuses == {"tls": "warning", "api": "ok"}
    detail = checked.checks["tls"]["detail"]
    assert "expires in 0 days" in detail
    assert "certificate by loopback" in detail
    assert f"trusted by SSL_CERT_FILE ({certificate[1]})" in detail


def test_certificates_that_cannot_be_read_are_exit_2(
    doctor: Callable[..., Checked], certificate: tuple[ssl.SSLContext, Path], tmp_path: Path
) -> None:
    with Loopback(answering(401, ZOOMS), tls=certificate[0]) as server:
        base = {"ZOOMCALL_API_BASE": f"{server.url}/v2", "SSL_CERT_FILE": str(tmp_path / "none.pem")}
        checked = doctor(environ=PAIR | base)
    assert checked.result.code == 2
    assert checked.failed == ["tls"]
    assert "none.pem" in checked.checks["tls"]["detail"]


def test_a_refusing_proxy_is_exit_10(doctor: Callable[..., Checked]) -> None:
    with Loopback(answering(403)) as proxy:
        checked = doctor(
            environ=PAIR | ANYWHERE | {"HTTPS_PROXY": f"http://user:{SENTINEL}@127.0.0.1:{proxy.port}"}
        )
    assert checked.result.code == 10
    assert checked.failed == ["proxy"]
    assert checked.document["error"]["network"] == "proxy"
    assert f"the proxy looks up {REMOTE}" in checked.checks["dns"]["detail"]
    assert proxy.connections == 1


def test_a_proxy_that_connects_is_named(
    doctor: Callable[..., Checked], certificate: tuple[ssl.SSLContext, Path]
) -> None:
    def script(peer: Peer) -> None:
        peer.read()
        peer.say(b"HTTP/1.1 200 Connected\r\n\r\n")
        peer.start_tls(certificate[0])
        answering(401, ZOOMS)(peer)

    with Loopback(script) as proxy:
        environ = PAIR | ANYWHERE | {"HTTPS_PROXY": proxy.url, "SSL_CERT_FILE": str(certificate[1])}
        checked = doctor("--only", "proxy,api", environ=environ)
    assert checked.statuses == {"proxy": "ok", "api": "ok"}
    assert checked.checks["proxy"]["detail"] == f"{proxy.url} connects to {REMOTE}"


def test_a_proxy_that_is_no_url_is_exit_2_and_keeps_its_result(doctor: Callable[..., Checked]) -> None:
    checked = doctor(environ=PAIR | ANYWHERE | {"HTTPS_PROXY": "nonsense"})
    assert checked.result.code == 2
    assert checked.document["schema"] == "zoomcall.doctor/1"
    assert checked.failed == ["proxy"]


def test_something_else_than_zoom_is_exit_11(doctor: Callable[..., Checked]) -> None:
    page = b"<html>\x1b[31mPlease log in, " + SENTINEL.encode() + b"</html>"
    with Loopback(answering(200, page)) as server:
        checked = doctor(environ=PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"})
    assert checked.result.code == 11
    assert checked.failed == ["api"]
    assert checked.cause("api")["id"] == "foreign-answer"
    assert checked.checks["clock"]["detail"] == "not checked because api failed"


def test_a_server_that_never_answers_is_given_up(
    doctor: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "_PATIENCE", timedelta(seconds=1))
    with Loopback(Peer.hold) as server:
        begun = time.monotonic()
        checked = doctor(environ=PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"})
        assert time.monotonic() - begun < 5
    assert checked.result.code == 10
    assert checked.failed == ["api"]
    assert checked.document["error"]["network"] == "timeout"


def test_a_limit_at_zooms_door_is_a_warning(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    emulator.add_fault(Fault(path_part="/users/me", reply=json_reply(429, {"code": 429, "message": "Too many."})))
    checked = doctor(environ=sdk)
    assert checked.result.code == 0
    assert checked.cause("api")["id"] == "rate-limited"
    assert checked.statuses["token"] == "ok"


def test_a_limit_that_is_not_zooms_leaves_the_clock_open(doctor: Callable[..., Checked]) -> None:
    with Loopback(answering(429, b"<html>slow down</html>")) as server:
        checked = doctor("--only", "clock,api", environ=PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"})
    assert checked.statuses == {"clock": "skipped", "api": "warning"}
    assert checked.checks["clock"]["fix"] == "See api first."


def test_a_name_server_that_never_answers_is_given_up(
    doctor: Callable[..., Checked], monkeypatch: pytest.MonkeyPatch
) -> None:
    def hang(*_: object, **__: object) -> None:
        time.sleep(2)

    monkeypatch.setattr(checkup, "LIMIT", timedelta(seconds=1.2))
    for name in ("addresses", "knock"):
        monkeypatch.setattr(f"zoomcall.adapters.network_probe.NetworkProbe.{name}", hang)
    checked = doctor(environ=PAIR | ANYWHERE)
    assert checked.result.code == 10
    assert checked.failed == ["dns", "api"]
    assert "1.2 s" in checked.checks["dns"]["detail"]


# The token


def test_a_wrong_secret_has_the_causes_that_it_has_elsewhere(
    doctor: Callable[..., Checked], zoomcall: Shell, sdk: dict[str, str]
) -> None:
    wrong = sdk | {"ZOOMCALL_API_SECRET": SENTINEL * 2}
    checked = doctor(environ=wrong)
    elsewhere = zoomcall("session", "list", "--json", environ=wrong).json()["error"]
    assert checked.result.code == 4
    assert checked.failed == ["token"]
    assert [cause["id"] for cause in checked.checks["token"]["causes"]] == ["key-pair-refused"]
    assert checked.document["error"]["causes"] == checked.checks["token"]["causes"] == elsewhere["causes"]
    assert checked.checks["token"]["fix"] == elsewhere["causes"][0]["fix"]
    assert [one["id"] for one in checked.document["error"]["checked"]] == [
        one["id"] for one in elsewhere["checked"]
    ]
    assert {checked.statuses[name] for name in ("account", "scopes", "crc", "session")} == {"skipped"}


def test_a_secret_with_a_line_break_is_certain(doctor: Callable[..., Checked], sdk: dict[str, str]) -> None:
    checked = doctor(environ=sdk | {"ZOOMCALL_API_SECRET": f"{sdk['ZOOMCALL_API_SECRET']}\n"})
    assert checked.result.code == 4
    assert checked.cause("token")["id"] == "secret-has-whitespace"
    assert [warning["id"] for warning in checked.document["warnings"]] == ["secret-has-whitespace"]


def test_a_wrong_client_secret_is_exit_4(doctor: Callable[..., Checked], app: dict[str, str]) -> None:
    checked = doctor(environ=app | {"ZOOMCALL_CLIENT_SECRET": SENTINEL})
    assert checked.result.code == 4
    assert checked.failed == ["token"]
    assert checked.document["error"]["zoom_code"] == "invalid_client"
    assert checked.cause("token")["id"] == "key-pair-refused"


def test_a_token_of_the_wrong_kind_is_not_sent(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    token = jwt(SESSION_CLAIMS)
    zoomcall.hide(token)
    checked = doctor("--for", "session", environ=environ_of(emulator) | {"ZOOMCALL_TOKEN": token})
    assert checked.result.code == 4
    assert checked.cause("token")["id"] == "session-jwt"
    assert len(emulator.requests) == 1
    assert emulator.requests[0].request.header("Authorization") is None


def test_an_account_of_the_wrong_kind_is_exit_5(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    words = "This API is only available for Video SDK accounts."
    emulator.add_fault(Fault(path_part="webhook_logs", reply=refusal(400, 200, words).reply))
    checked = doctor(environ=sdk)
    assert checked.result.code == 5
    assert checked.failed == ["account"]
    assert checked.cause("account")["id"] == "wrong-account-kind"
    assert checked.statuses["token"] == "ok"


def test_an_account_without_an_app_is_a_warning(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    refused = refusal(404, 1401, "No Video SDK app created by this account.").reply
    emulator.add_fault(Fault(path_part="webhook_logs", reply=refused, times=2))
    checked = doctor(environ=sdk)
    assert checked.result.code == 0
    assert checked.statuses["account"] == checked.statuses["webhook"] == "warning"
    assert checked.cause("account")["id"] == "wrong-account-kind"


# Scopes


def test_a_token_without_scopes_is_exit_5_and_names_them(doctor: Callable[..., Checked]) -> None:
    with Emulator(scopes=()) as zoom:
        checked = doctor(environ=environ_of(zoom, "s2s"))
    assert checked.result.code == 5
    assert checked.failed == ["scopes"]
    assert "invite and for wait and for sync" in checked.checks["scopes"]["detail"]
    cause = checked.cause("scopes")
    assert cause["id"] == "scope-missing"
    assert "meeting:write:admin" in cause["evidence"]
    assert "(classic)" in cause["evidence"]
    assert "meeting:update:in_meeting_controls:admin" in cause["evidence"]
    assert "(granular)" in cause["evidence"]
    assert "only for server-to-server and account-level apps" in cause["fix"]
    assert checked.statuses["account"] == "ok"


def test_scopes_for_ringing_alone_are_a_warning(doctor: Callable[..., Checked]) -> None:
    with Emulator(scopes=("meeting:write:admin", "user:read:admin")) as zoom:
        checked = doctor(environ=environ_of(zoom, "s2s"))
    assert checked.result.code == 0
    assert checked.statuses["scopes"] == "warning"
    detail = checked.checks["scopes"]["detail"]
    assert "wait and for sync" in detail
    assert "dashboard:read:list_meeting_participants:admin" in detail
    assert "h323_device:read:list_devices:admin" in detail


def given_token(zoomcall: Shell, zoom: Emulator) -> dict[str, str]:
    token, _ = zoom.world.issue_token(GrantType.ACCOUNT, now=datetime.now(UTC))
    zoomcall.hide(token)
    return environ_of(zoom) | {"ZOOMCALL_TOKEN": token}


def test_a_given_token_does_not_tell_its_scopes(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    environ = given_token(zoomcall, emulator)
    checked = doctor("--meeting", emulator.ready["meeting_id"], environ=environ)
    assert checked.result.code == 0
    assert checked.statuses["scopes"] == "skipped"
    assert "it has the scopes for sync and wait" in checked.checks["scopes"]["detail"]
    assert not any(request.method == "PATCH" for request in emulator.requests)


def test_a_scope_that_a_given_token_lacks_is_found_by_reading(
    doctor: Callable[..., Checked], zoomcall: Shell
) -> None:
    scopes = [scope for scope in ALL_ADMIN if not scope.startswith("dashboard:")]
    with Emulator(scopes=scopes) as zoom:
        checked = doctor("--meeting", zoom.ready["meeting_id"], environ=given_token(zoomcall, zoom))
    assert checked.result.code == 0
    assert checked.statuses["scopes"] == "warning"
    assert checked.checks["scopes"]["detail"].startswith("wait: ")
    assert checked.cause("scopes")["id"] == "scope-missing"


@pytest.mark.parametrize("is_told", [True, False])
def test_both_of_zooms_lists_of_rooms_need_a_scope(
    doctor: Callable[..., Checked], zoomcall: Shell, *, is_told: bool
) -> None:
    with Emulator(scopes=[scope for scope in ALL_ADMIN if scope != "crc:read:list_rooms:admin"]) as zoom:
        checked = doctor(environ=environ_of(zoom, "s2s") if is_told else given_token(zoomcall, zoom))
    assert checked.result.code == 0
    assert checked.statuses["scopes"] == "warning"
    assert "sync: " in checked.checks["scopes"]["detail"]
    if is_told:
        assert "crc:read:list_rooms:admin" in checked.checks["scopes"]["detail"]


# The plan


def test_a_session_shows_that_there_is_no_plan(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    emulator.has_crc_plan = False
    checked = doctor(environ=sdk | {"ZOOMCALL_SESSION": emulator.ready["session_id"]})
    assert checked.result.code == 5
    assert checked.failed == ["crc"]
    assert checked.document["error"]["zoom_code"] == 2311
    assert (checked.cause("crc")["id"], checked.cause("crc")["certainty"]) == ("no-crc-plan", "certain")


def test_without_a_session_no_dial_in_code_is_taken(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    checked = doctor(environ=sdk)
    assert checked.statuses["crc"] == checked.statuses["session"] == "skipped"
    assert "--session ID" in checked.checks["crc"]["fix"]
    assert not any("sip_dialing" in request.path for request in emulator.requests)


def test_a_server_to_server_app_shows_that_its_owner_has_no_plan(
    doctor: Callable[..., Checked], emulator: Emulator, app: dict[str, str]
) -> None:
    emulator.has_crc_plan = False
    checked = doctor(environ=app)
    assert checked.result.code == 5
    assert checked.failed == ["crc"]
    assert checked.cause("crc")["id"] == "no-crc-plan"
    assert checked.document["error"]["http_status"] is None


@pytest.mark.parametrize("has_plan", [True, False])
def test_a_meeting_shows_the_plan_where_the_code_is_out_of_scope(
    doctor: Callable[..., Checked], has_plan: bool
) -> None:
    scopes = [scope for scope in ALL_ADMIN if not scope.startswith("crc:")]
    with Emulator(scopes=scopes, has_crc_plan=has_plan) as zoom:
        checked = doctor("--meeting", zoom.ready["meeting_id"], environ=environ_of(zoom, "s2s"))
    assert checked.failed == ([] if has_plan else ["crc"])
    assert checked.statuses["crc"] == ("ok" if has_plan else "failed")


@pytest.mark.parametrize("target", [(), ("--meeting", "12345678901")])
def test_a_plan_that_no_scope_lets_be_seen_is_a_warning(
    doctor: Callable[..., Checked], target: tuple[str, ...]
) -> None:
    scopes = [scope for scope in ALL_ADMIN if not scope.startswith("crc:") and not scope.endswith("sip_dialing")]
    with Emulator(scopes=scopes) as zoom:
        checked = doctor(*target, "--only", "crc", environ=environ_of(zoom, "s2s"))
    assert checked.result.code == 0
    assert checked.statuses == {"crc": "warning"}
    assert "crc:read:admin" in checked.cause("crc")["evidence"]


def test_a_plan_that_zoom_does_not_tell_of_is_a_warning(
    doctor: Callable[..., Checked], emulator: Emulator, app: dict[str, str]
) -> None:
    emulator.add_fault(Fault(path_part="/crc/", reply=json_reply(200, {"expire_in": 30})))
    assert doctor("--only", "crc", environ=app).statuses == {"crc": "warning"}


def test_a_dial_in_code_that_cannot_be_made_is_a_warning(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    refused = refusal(400, 2307, "Failed to generate SIP URI.").reply
    emulator.add_fault(Fault(path_part="sip_dialing", reply=refused))
    checked = doctor("--session", emulator.ready["session_id"], "--only", "crc", environ=sdk)
    assert checked.statuses == {"crc": "warning"}


# Session and meeting


def test_an_ended_session_is_exit_6(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    checked = doctor("--session", emulator.ready["ended_session_id"], environ=sdk)
    assert checked.result.code == 6
    assert checked.failed == ["session"]
    assert checked.cause("session")["id"] == "session-not-live"
    assert checked.checks["crc"]["fix"] == "Fix session first."


def test_an_empty_session_is_exit_6_and_shows_the_plan(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    checked = doctor("--session", emulator.ready["empty_session_id"], environ=sdk)
    assert checked.result.code == 6
    assert checked.failed == ["session"]
    assert (checked.cause("session")["id"], checked.cause("session")["certainty"]) == (
        "nobody-in-session",
        "certain",
    )
    assert checked.statuses["crc"] == "ok"


def test_a_session_is_found_by_its_name(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    checked = doctor("--session-name", emulator.ready["session_name"], environ=sdk)
    assert checked.result.code == 0
    assert checked.statuses["session"] == checked.statuses["crc"] == "ok"
    unknown = doctor("--session-name", "nobody's", environ=sdk)
    assert (unknown.result.code, unknown.failed) == (6, ["session"])
    assert unknown.checks["crc"]["detail"] == "not checked because session failed"


def test_two_sessions_of_one_name_are_exit_2(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    other = emulator.open_session(emulator.ready["session_name"])
    checked = doctor("--session-name", emulator.ready["session_name"], environ=sdk)
    assert (checked.result.code, checked.failed) == (2, ["session"])
    assert other.key.identifier in checked.checks["session"]["detail"]


def test_a_meeting_that_waits_is_a_warning(
    doctor: Callable[..., Checked], emulator: Emulator, app: dict[str, str]
) -> None:
    waiting = emulator.open_meeting("Later", is_started=False)
    checked = doctor("--meeting", waiting.key.identifier, environ=app)
    assert checked.result.code == 0
    assert checked.statuses["session"] == "warning"


def test_an_unknown_meeting_is_exit_6(doctor: Callable[..., Checked], app: dict[str, str]) -> None:
    checked = doctor("--meeting", "12345678901", environ=app)
    assert checked.result.code == 6
    assert checked.cause("session")["id"] == "meeting-unknown"


def test_a_meeting_that_cannot_be_read_is_a_warning(doctor: Callable[..., Checked]) -> None:
    scopes = [scope for scope in ALL_ADMIN if not scope.startswith("meeting:read")]
    with Emulator(scopes=scopes) as zoom:
        checked = doctor("--meeting", zoom.ready["meeting_id"], environ=environ_of(zoom, "s2s"))
    assert checked.result.code == 0
    assert checked.statuses["session"] == "warning"
    assert checked.cause("session")["id"] == "scope-missing"


def test_a_session_that_cannot_be_read_keeps_its_plan_unknown(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    emulator.add_fault(
        Fault(
            path_part="/users",
            path_ends=("users",),
            reply=json_reply(403, {"code": 300, "message": "No permission."}),
        )
    )
    checked = doctor("--session", emulator.ready["session_id"], environ=sdk)
    assert (checked.result.code, checked.failed) == (5, ["session"])
    assert checked.statuses["crc"] == "ok"


# Webhooks


def log_of(*statuses: int | None) -> Reply:
    rows = [
        {"event": "session.user_room_system_callout_ringing", "status": status, "request_body": "{}"}
        for status in statuses
    ]
    return json_reply(200, {"webhook_logs": rows})


@pytest.mark.parametrize(
    ("statuses", "status", "words"),
    [
        ((), "ok", "has nothing from the last hour"),
        ((200, 204), "ok", "2 of 2 deliveries in the last hour arrived"),
        ((200, -1, 503), "warning", "2 of 3 deliveries in the last hour failed (HTTP 503, no answer)"),
        ((None,), "warning", "1 of 1 deliveries in the last hour failed (no answer)"),
    ],
)
def test_the_webhook_log_tells_how_deliveries_fare(
    doctor: Callable[..., Checked],
    emulator: Emulator,
    sdk: dict[str, str],
    statuses: tuple[int | None, ...],
    status: str,
    words: str,
) -> None:
    emulator.add_fault(Fault(path_part="webhook_logs", reply=log_of(), times=1))
    emulator.add_fault(Fault(path_part="webhook_logs", reply=log_of(*statuses)))
    checked = doctor(environ=sdk)
    assert checked.result.code == 0
    assert checked.statuses["webhook"] == status
    assert words in checked.checks["webhook"]["detail"]
    assert checked.checks["webhook"]["detail"].startswith("no webhook secret is set")


def test_without_a_webhook_secret_a_meetings_check_is_skipped(
    doctor: Callable[..., Checked], app: dict[str, str]
) -> None:
    checked = doctor(environ=app)
    assert checked.statuses["webhook"] == "skipped"
    assert "ZOOMCALL_WEBHOOK_SECRET" in checked.checks["webhook"]["fix"]


def test_a_webhook_secret_that_cannot_be_read_is_exit_3(
    doctor: Callable[..., Checked], sdk: dict[str, str], tmp_path: Path
) -> None:
    checked = doctor(environ=sdk | {"ZOOMCALL_WEBHOOK_SECRET_FILE": str(tmp_path / "none")})
    assert (checked.result.code, checked.failed) == (3, ["webhook"])


# Flags


def test_only_some_checks_are_made_and_told_in_order(
    doctor: Callable[..., Checked], emulator: Emulator, sdk: dict[str, str]
) -> None:
    checked = doctor("--only", "versions, keyring", "--only", "credential", environ=sdk)
    assert list(checked.statuses) == ["credential", "keyring", "versions"]
    assert emulator.requests == []


@pytest.mark.parametrize("only", ["nonsense", "", "credential,", "credential,TOKEN"])
def test_an_unknown_check_is_exit_2(zoomcall: Shell, only: str) -> None:
    result = zoomcall("doctor", "--only", only, "--json")
    assert result.code == 2
    error = result.json()["error"]
    assert repr(only.rpartition(",")[2]) in error["title"]
    assert all(name in error["fix"] for name in ORDER)


def test_offline_nobody_is_asked(doctor: Callable[..., Checked], emulator: Emulator) -> None:
    both = environ_of(emulator, "videosdk", "s2s")
    for api in ("session", "meeting"):
        checked = doctor("--offline", "--for", api, environ=both)
        assert checked.result.code == 0
        asked = ["clock", "dns", "tls", "api", "token", "account", "scopes", "crc", "session"]
        assert checked.skipped == [*asked, "webhook"]
        assert {checked.checks[name]["fix"] for name in asked} == {"Run it without --offline."}
    assert emulator.requests == []


def test_offline_a_token_is_judged_as_far_as_it_tells(
    doctor: Callable[..., Checked], zoomcall: Shell, emulator: Emulator
) -> None:
    token = jwt({**OAUTH_CLAIMS, "exp": 1_600_000_000}, OAUTH_HEADER, signature=b"zooms")
    zoomcall.hide(token)
    environ = environ_of(emulator) | {"ZOOMCALL_TOKEN": token}
    checked = doctor("--offline", "--for", "meeting", environ=environ)
    assert (checked.result.code, checked.failed) == (4, ["token"])
    assert checked.cause("token")["id"] == "token-expired"
    assert emulator.requests == []


def test_a_proxy_is_named_offline_too(doctor: Callable[..., Checked]) -> None:
    environ = PAIR | ANYWHERE | {"HTTPS_PROXY": "http://proxy.invalid:3128"}
    checked = doctor("--offline", "--only", "proxy,dns", environ=environ)
    assert checked.statuses == {"dns": "skipped", "proxy": "ok"}
    assert checked.checks["proxy"]["detail"] == f"http://proxy.invalid:3128 is used for {REMOTE}"


@pytest.mark.parametrize(
    "arguments",
    [("--session", "a", "--meeting", "12345678901"), ("--for", "meeting", "--session", "a"), ("--session", "")],
)
def test_targets_that_contradict_each_other_are_exit_2(
    zoomcall: Shell, sdk: dict[str, str], arguments: tuple[str, ...]
) -> None:
    result = zoomcall("doctor", *arguments, "--json", environ=sdk)
    assert result.code == 2
    assert result.json()["schema"] == "zoomcall.error/1"


def test_a_target_variable_of_the_other_api_is_left_aside(
    doctor: Callable[..., Checked], emulator: Emulator
) -> None:
    both = environ_of(emulator, "videosdk", "s2s") | {"ZOOMCALL_SESSION": emulator.ready["session_id"]}
    checked = doctor("--for", "meeting", environ=both)
    assert checked.result.code == 0
    assert checked.statuses["session"] == "skipped"
    assert doctor(environ=both).statuses["session"] == "ok"


# Reports, bugs


def report_of(path: Path) -> dict[str, ET.Element]:
    (suite,) = ET.parse(path).getroot()  # noqa: S314 - our own file
    assert suite.get("name") == "zoomcall.doctor"
    assert suite.get("tests") == str(len(ORDER))
    return {case.get("name", ""): case for case in suite}


def test_a_report_is_junit_xml(zoomcall: Shell, emulator: Emulator, sdk: dict[str, str]) -> None:
    path = zoomcall.folder / "reports" / "doctor.xml"
    emulator.has_crc_plan = False
    result = zoomcall("doctor", "--session", emulator.ready["session_id"], "--junit", str(path), environ=sdk)
    assert result.code == 5
    cases = report_of(path)
    assert list(cases) == ORDER
    assert [name for name, case in cases.items() if case.find("failure") is not None] == ["crc"]
    assert [name for name, case in cases.items() if case.find("skipped") is not None] == ["tls"]
    failure = cases["crc"].find("failure")
    assert failure is not None
    assert failure.get("type") == "not-entitled"
    assert "2311" in failure.get("message", "")
    assert "fix: Ask the account owner to add" in (failure.text or "")


def test_a_hostile_answer_does_no_harm_to_a_report(zoomcall: Shell) -> None:
    path = zoomcall.folder / "doctor.xml"
    hostile = json.dumps({"code": 124, "message": "]]>\x00\x1b[31m<failure>\ud800\ufffe" + SENTINEL}).encode()
    with Loopback(answering(401, hostile)) as server:
        environ = PAIR | {"ZOOMCALL_API_BASE": f"{server.url}/v2"}
        result = zoomcall("doctor", "--junit", str(path), "--json", environ=environ)
    assert result.code == 4
    failure = report_of(path)["token"].find("failure")
    assert failure is not None
    assert "]]>" in failure.get("message", "")
    assert "<failure>" in failure.get("message", "")


def test_a_report_that_cannot_be_written_is_exit_2_before_anything_is_asked(
    zoomcall: Shell, emulator: Emulator, sdk: dict[str, str]
) -> None:
    result = zoomcall("doctor", "--junit", str(zoomcall.folder), environ=sdk)
    assert result.code == 2
    assert "cannot be written" in result.stderr
    assert emulator.requests == []


def test_a_report_goes_to_no_stream(zoomcall: Shell, sdk: dict[str, str]) -> None:
    result = zoomcall("doctor", "--only", "versions", "--junit", "-", environ=sdk)
    assert (result.code, result.stdout) == (2, "")
    assert "--junit -" in result.stderr


def test_a_check_that_breaks_hides_no_other(
    doctor: Callable[..., Checked], sdk: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down() -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("zoomcall.cli.wiring.Wiring.versions", staticmethod(break_down))
    checked = doctor(environ=sdk)
    assert checked.result.code == 1
    assert checked.failed == ["versions"]
    assert "ZeroDivisionError" in checked.checks["versions"]["detail"]
    assert checked.statuses["token"] == "ok"
    assert "Traceback" not in checked.result.stderr
    assert "in break_down" in doctor("--debug", environ=sdk).result.stderr


def test_a_check_that_takes_too_long_is_given_up(
    doctor: Callable[..., Checked], sdk: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkup, "LIMIT", timedelta(seconds=1.5))
    monkeypatch.setattr("zoomcall.cli.wiring.Wiring.versions", staticmethod(lambda: time.sleep(3)))
    checked = doctor(environ=sdk)
    assert checked.result.code == 10
    assert checked.failed == ["versions"]
    assert "1.5 s" in checked.checks["versions"]["detail"]
