"""``diagnose`` from the command line: what it reads, what ``-p`` adds, and what its corrections do."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from shell import PROCESS_SECONDS, Result, Shell
from tokens import API_CLAIMS, API_KEY, API_SECRET, jwt

from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.secret import Secret
from zoomcall.emulator.running import Emulator

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"
BODY = '{"method":"user.invite.room_system_callout","params":{"call_type":"sip","device_ip":"room@example.com"}}'
JSON = "Content-Type: application/json"
RIGHT = shlex.join(("curl", "-X", "PATCH", URL, "-H", "Authorization: Bearer $TOKEN", "-H", JSON, "-d", BODY))


def from_file(name: str) -> bytes:
    words = ("curl", "-X", "PATCH", URL, "-H", "Authorization: Bearer {{token}}", "-H", JSON, "-d", f"@{name}")
    return shlex.join(words).encode()


def findings(result: Result) -> list[str]:
    return [finding["id"] for finding in result.json()["result"]["findings"]]


def test_a_file_is_read(zoomcall: Shell, tmp_path: Path) -> None:
    request = tmp_path / "request.txt"
    request.write_text(RIGHT, encoding="utf-8")
    result = zoomcall("diagnose", str(request))
    assert (result.code, result.stdout.splitlines()[0]) == (0, "findings: none")


@pytest.mark.parametrize(
    ("argument", "words"),
    [("missing.txt", "missing.txt cannot be read: No such file"), (".", ". cannot be read: it is a folder")],
)
def test_what_is_no_file_is_a_usage_error(zoomcall: Shell, argument: str, words: str) -> None:
    result = zoomcall("diagnose", argument)
    assert (result.code, result.stdout) == (2, "")
    assert words in result.stderr


@pytest.mark.parametrize("stdin", [b"", b" \n\t\n", b"\0\1\2", b"a" * (5 * 1024 * 1024 + 1), b"Nothing of Zoom's."])
@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_input_that_nothing_can_be_understood_of_is_exit_2(
    zoomcall: Shell, stdin: bytes, arguments: tuple[str, ...]
) -> None:
    result = zoomcall("diagnose", *arguments, "--json", stdin=stdin)
    document = result.json()
    assert (result.code, document["error"]["kind"], document["result"]) == (2, "usage", None)


def test_a_token_alone_is_sent_to_the_inspection(zoomcall: Shell) -> None:
    result = zoomcall("diagnose", stdin=jwt(API_CLAIMS).encode())
    assert result.code == 2
    assert "zoomcall token inspect -" in result.stderr


@pytest.mark.parametrize(
    ("params", "named"),
    [
        ({"sip_headers": {"from_uri": "ada@example.com"}}, "from_uri: left out"),
        ({"sip_headers": "X-Ref: 77"}, "params.sip_headers: left out"),
        (
            {"sip_headers": {"additional_headers": [{"key": f"X-{n}", "value": "v"} for n in range(11)]}},
            "1 of additional",
        ),
        ({"ring_seconds": 30}, "params.ring_seconds: left out"),
        ({"sip_headers": {"from_display_name": "Ada"}}, ""),
    ],
)
def test_what_the_corrected_request_leaves_out_is_said(
    zoomcall: Shell, params: dict[str, object], named: str
) -> None:
    body = json.loads(BODY)
    body["params"] |= params
    text = RIGHT.replace(BODY, json.dumps(body))
    said = zoomcall("diagnose", "--json", stdin=text.encode()).json()["result"]["not_understood"]
    left_out = [line for line in said if "left out" in line]
    assert len(left_out) == (1 if named else 0)
    assert named in "".join(left_out)


def test_a_code_that_zoom_repeats_is_not_printed(zoomcall: Shell) -> None:
    answer = b'{"reason":"Invalid authorization code q7Wz_9fake8","error":"invalid_grant"}'
    text = b"POST https://zoom.us/oauth/token 400 " + answer
    for arguments in ((), ("--json",), ("--reply",)):
        result = zoomcall("diagnose", *arguments, stdin=text)
        assert result.code == 4
        assert "q7Wz_9fake8" not in result.stdout + result.stderr


class TestFilesThatCurlNames:
    @pytest.fixture
    def body(self, tmp_path: Path) -> Path:
        body = tmp_path / "body.json"
        body.write_text(BODY.replace("device_ip", "device_id"), encoding="utf-8")
        return body

    def test_are_not_opened(self, zoomcall: Shell, body: Path) -> None:
        body.chmod(0)
        result = zoomcall("diagnose", "--json", stdin=from_file(str(body)))
        assert (result.code, findings(result)) == (0, [])
        [note, *_] = result.json()["result"]["not_understood"]
        assert "--allow-files" in note

    def test_are_read_if_that_is_allowed(self, zoomcall: Shell, body: Path) -> None:
        result = zoomcall("diagnose", "--allow-files", "--json", stdin=from_file(str(body)))
        assert (result.code, findings(result)) == (13, ["device-field-name"])

    @pytest.mark.parametrize(
        ("make", "reason"),
        [
            (Path.resolve, "No such file"),
            (Path.mkdir, "not a regular file"),
            (os.mkfifo, "not a regular file"),
            (lambda path: path.write_bytes(b"a" * 1_000_001), "larger than"),
        ],
        ids=["missing", "folder", "pipe", "large"],
    )
    def test_that_cannot_be_read_are_named_as_not_understood(
        self, zoomcall: Shell, tmp_path: Path, make: Callable[[Path], object], reason: str
    ) -> None:
        make(tmp_path / "body")
        result = zoomcall("diagnose", "--allow-files", "--json", stdin=from_file(str(tmp_path / "body")))
        assert (result.code, findings(result)) == (0, [])
        assert reason in result.json()["result"]["not_understood"][0]


class TestWithAProfile:
    @pytest.fixture
    def shell(self, zoomcall: Shell) -> Shell:
        SecretFiles(zoomcall.config_dir).write("prod", Secret(API_SECRET))
        zoomcall(reveals=("files",))
        text = f'current = "prod"\n\n[profiles.prod]\nkind = "videosdk"\napi_key = "{API_KEY}"\nstore = "file"\n'
        (zoomcall.config_dir / "config.toml").write_text(text, encoding="utf-8")
        zoomcall.hide(API_SECRET)
        return zoomcall

    @pytest.mark.parametrize(
        ("secret", "claims", "found"),
        [
            (API_SECRET, {}, []),
            ("another", {}, ["signature-mismatch"]),
            ("another", {"iss": "another"}, ["issuer-not-api-key", "signature-mismatch"]),
            (API_KEY, {}, ["key-secret-swapped"]),
        ],
    )
    def test_a_token_is_judged_by_its_pair(
        self, shell: Shell, secret: str, claims: dict[str, str], found: list[str]
    ) -> None:
        now = int(time.time())
        token = jwt(API_CLAIMS | {"iat": now - 30, "exp": now + 600} | claims, secret=secret)
        shell.hide(token)
        text = RIGHT.replace("$TOKEN", token).encode()
        result = shell("diagnose", "-p", "prod", "--json", stdin=text)
        assert findings(result)[: len(found)] == found
        assert result.code == (4 if found else 0)
        for line in result.json()["result"]["corrected"].values():
            assert "-p prod" in line
        assert shell("diagnose", stdin=text).code == 0, "without -p nobody's pair is looked at"

    def test_an_unknown_profile_is_exit_3(self, shell: Shell) -> None:
        assert shell("diagnose", "-p", "other", stdin=RIGHT.encode()).code == 3


class TestCorrections:
    @pytest.fixture
    def shell(self, zoomcall: Shell, emulator_environ: dict[str, str]) -> Shell:
        zoomcall.set(**emulator_environ)
        return zoomcall

    @pytest.mark.parametrize("line", ["zoomcall", "curl"])
    @pytest.mark.parametrize("target", ["session", "meeting"])
    def test_of_wrong_requests_are_taken_by_zoom_when_they_are_run(
        self, shell: Shell, emulator: Emulator, target: str, line: str
    ) -> None:
        ready = emulator.ready
        path = {
            "session": f"/videosdk/sessions/{ready['session_id']}/event",
            "meeting": f"/live_meetings/{ready['meeting_id']}/event",
        }[target]
        wrong = {
            "method": "user.invite.callout",
            "params": {
                "callType": "SIP",
                "sip_uri": "answer@example.com",
                "sip_headers": {
                    "to_display_name": 'it\'s "$HOME" `id` \\n',
                    "additional_headers": [{"key": "X-Q", "value": "a b; %s"}],
                },
            },
        }
        text = shlex.join(
            ("curl", f"{ready['api_base']}{path}", "-H", "Authorization: t0ken", "-d", json.dumps(wrong))
        )
        diagnosed = shell("diagnose", "--json", stdin=text.encode())
        assert diagnosed.code == 4
        corrected = diagnosed.json()["result"]["corrected"][line] + (" --no-wait" if line == "zoomcall" else "")
        places = os.pathsep.join((str(Path(sys.executable).parent), shell.environ["PATH"]))
        ran = subprocess.run(
            ["sh", "-c", corrected],
            env={**shell.environ, "PATH": places},
            capture_output=True,
            timeout=PROCESS_SECONDS,
            check=False,
        )
        assert ran.returncode == 0, ran.stderr
        (sent,) = [received for received in emulator.requests if received.method == "PATCH"]
        params = json.loads(sent.request.body)["params"]
        assert params == {
            "call_type": "sip",
            "device_ip": "answer@example.com",
            "sip_headers": wrong["params"]["sip_headers"],
        }
        assert sent.path.endswith("/events")


@pytest.mark.parametrize(
    "argument",
    ["curl -H 'Authorization: Bearer not-a-real-token-of-anybody' https://x", "eyJub3QiOiJyZWFsIn0.e30.x"],
)
def test_a_paste_given_as_an_argument_is_not_repeated(zoomcall: Shell, argument: str) -> None:
    for options in ((), ("--json",)):
        result = zoomcall("diagnose", *options, argument)
        assert result.code == 2
        assert "Pipe it in" in result.stdout + result.stderr
        assert "not-a-real" not in result.stdout + result.stderr
        assert "eyJub3Qi" not in result.stdout + result.stderr


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (
            '{"event":"session.user_room_system_callout_failed","payload":{"object":{"reason_type":9}}}',
            "explain reason:9",
        ),
        ("Error: internalErrorCode=124", "SDK"),
        ("onMeetingStatusChanged: JOIN_MEETING_FAILED, errorCode: 3712", "SDK"),
        ("ZoomSDKError: 8, the SDK was not authorized", "SDK"),
        (
            '{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"},"event_ts":1}',
            "explain url_validation",
        ),
        (
            (
                '{"event":"meeting.participant_room_system_callout_failed","event_ts":1,"payload":{"object":'
                '{"participant":{"device_ip":"10.0.0.5","reason_type":9}}}}'
            ),
            "explain reason:9",
        ),
        ("124 Invalid access token.\n3001 Meeting does not exist.\n300 No permission.", "no recognizable request"),
        ("const url = 'https://api.zoom.us/v2/live_meetings/93111222333/events';\ncall(url, options);", "method"),
    ],
)
def test_what_is_no_request_leads_on(zoomcall: Shell, text: str, says: str) -> None:
    result = zoomcall("diagnose", stdin=text.encode())
    assert result.code == 2
    assert says in result.stderr
