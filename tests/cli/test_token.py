from __future__ import annotations

import getpass
import time
from pathlib import Path
from typing import Any

import pytest
from shell import SENTINEL, ProcessShell, Result, Shell
from tokens import (
    API_CLAIMS,
    API_KEY,
    API_SECRET,
    MEETING_SDK_CLAIMS,
    OAUTH_CLAIMS,
    OAUTH_HEADER,
    SESSION_CLAIMS,
    ZAK_CLAIMS,
    ZAK_HEADER,
    jwt,
)

from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.cli.answer import Answer
from zoomcall.cli.results.token import TokenMintResult
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.secret import Secret
from zoomcall.domain.token import read_token
from zoomcall.emulator.running import Emulator

PAIR = {"ZOOMCALL_API_KEY": API_KEY, "ZOOMCALL_API_SECRET": SENTINEL}
S2S = {"ZOOMCALL_ACCOUNT_ID": "a", "ZOOMCALL_CLIENT_ID": "c", "ZOOMCALL_CLIENT_SECRET": SENTINEL}


def fresh(claims: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return claims whose times are as far from now as they were from ``tokens.NOW``."""
    shift = int(time.time()) - (API_CLAIMS["iat"] + 30)
    moved = {name: value + shift for name, value in claims.items() if name in {"iat", "exp", "nbf", "tokenExp"}}
    return claims | moved | changes


def store(zoomcall: Shell, name: str, table: str, secret: str) -> None:
    """Store a profile whose secret is in a file of the tool's own."""
    SecretFiles(zoomcall.config_dir).write(name, Secret(secret))
    zoomcall(reveals=("files",))
    config = zoomcall.config_dir / "config.toml"
    known = config.read_text(encoding="utf-8") if config.exists() else f'current = "{name}"\n'
    config.write_text(f'{known}\n[profiles.{name}]\nstore = "file"\n{table}\n', encoding="utf-8")


def store_pair(zoomcall: Shell, *, key: str = API_KEY, secret: str = API_SECRET) -> None:
    store(zoomcall, "prod", f'kind = "videosdk"\napi_key = "{key}"', secret)
    zoomcall.hide(secret)


def findings(result: Result) -> dict[str, str]:
    return {finding["id"]: finding["certainty"] for finding in result.json()["result"]["findings"]}


class TestMint:
    def test_stdout_is_the_token_and_one_newline(self, zoomcall: Shell) -> None:
        before = int(time.time())
        result = zoomcall("token", "mint", environ=PAIR, reveals=("output",))
        assert (result.code, result.stderr) == (0, "")
        token = result.stdout.removesuffix("\n")
        claims = read_token(token).claims
        assert claims is not None
        assert token == jwt(claims, secret=SENTINEL)
        assert before <= claims["iat"] + 30 <= time.time()
        assert claims == {"iss": API_KEY, "iat": claims["iat"], "exp": claims["iat"] + 630}

    def test_json_has_the_token_its_kind_and_its_end(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "mint", "--ttl", "1h", "--json", environ=PAIR, reveals=("output",))
        document = result.json()
        assert (document["schema"], document["ok"], document["warnings"]) == ("zoomcall.token.mint/1", True, [])
        assert document["credential"] == {"kind": "videosdk", "source": "env"}
        minted = document["result"]
        end = read_token(minted["token"]).expiry.at
        assert end is not None
        assert minted == {
            "token": minted["token"],
            "kind": "videosdk",
            "expires_at": end.isoformat().replace("+00:00", "Z"),
        }

    def test_the_output_variable_does_not_count(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "mint", environ=PAIR | {"ZOOMCALL_OUTPUT": "json"}, reveals=("output",))
        assert result.stdout.startswith("eyJ")

    def test_a_long_life_and_a_short_secret_are_warned_of(self, zoomcall: Shell) -> None:
        environ = PAIR | {"ZOOMCALL_API_SECRET": "tooSHORTsecret"}
        result = zoomcall("token", "mint", "--ttl", "2d", environ=environ, reveals=("output",))
        assert result.code == 0
        assert "(lifetime-too-long)" in result.stderr
        assert "(secret-short)" in result.stderr
        assert "tooSHORT" not in result.stderr
        assert result.stdout.count("\n") == 1
        quiet = zoomcall("token", "mint", "--ttl", "2d", "-q", environ=environ, reveals=("output",))
        assert (quiet.code, quiet.stderr) == (0, "")

    @pytest.mark.parametrize("ttl", ["8d", "0", "soon", "", "-5"])
    def test_a_bad_lifetime_is_a_usage_error(self, zoomcall: Shell, ttl: str) -> None:
        result = zoomcall("token", "mint", f"--ttl={ttl}", environ=PAIR)
        assert (result.code, result.stdout) == (2, "")
        assert "--ttl" in result.stderr
        assert repr(ttl) in result.stderr
        document = zoomcall("token", "mint", f"--ttl={ttl}", "--json", environ=PAIR).json()
        assert (document["schema"], document["exit_code"]) == ("zoomcall.error/1", 2)

    def test_no_credential_is_not_configured(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "mint")
        assert (result.code, result.stdout) == (3, "")
        assert "zoomcall auth login" in result.stderr

    def test_half_a_pair_is_not_configured(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "mint", environ={"ZOOMCALL_API_KEY": API_KEY})
        assert result.code == 3
        assert "ZOOMCALL_API_SECRET" in result.stderr

    def test_two_credentials_need_a_word(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "mint", environ=PAIR | S2S)
        assert result.code == 2
        assert "ZOOMCALL_API_KEY" in result.stderr
        assert "ZOOMCALL_ACCOUNT_ID" in result.stderr
        assert "--for" in result.stderr
        chosen = zoomcall("token", "mint", "--for", "session", environ=PAIR | S2S, reveals=("output",))
        assert read_token(chosen.stdout).issuer == API_KEY

    def test_a_profile_mints(self, zoomcall: Shell) -> None:
        store_pair(zoomcall)
        for arguments in ((), ("-p", "prod")):
            result = zoomcall("token", "mint", *arguments, reveals=("output",))
            token = result.stdout.strip()
            assert token == jwt(read_token(token).claims)

    def test_an_unusable_secret_is_an_error_without_it(self, zoomcall: Shell) -> None:
        key_file = f"-----BEGIN PUBLIC KEY-----\n{SENTINEL}\n-----END PUBLIC KEY-----\n"
        result = zoomcall("token", "mint", environ=PAIR | {"ZOOMCALL_API_SECRET": key_file})
        assert (result.code, result.stdout) == (3, "")
        assert "key file" in result.stderr

    def test_a_secret_beyond_ascii_signs(self, zoomcall: Shell) -> None:
        secret = "schl\u00fcssel-" * 4
        result = zoomcall("token", "mint", environ=PAIR | {"ZOOMCALL_API_SECRET": secret}, reveals=("output",))
        token = result.stdout.strip()
        assert token == jwt(read_token(token).claims, secret=secret)

    def test_a_bearer_is_given_as_it_is(self, zoomcall: Shell) -> None:
        bearer = jwt(fresh(OAUTH_CLAIMS), OAUTH_HEADER)
        result = zoomcall("token", "mint", "--json", environ={"ZOOMCALL_TOKEN": bearer}, reveals=("output",))
        minted = result.json()["result"]
        assert (minted["token"], minted["kind"]) == (bearer, "token")
        assert minted["expires_at"] is not None
        opaque = zoomcall("token", "mint", "--json", environ={"ZOOMCALL_TOKEN": "zbk_0123"}, reveals=("output",))
        assert opaque.json()["result"] == {"token": "zbk_0123", "kind": "token", "expires_at": None}

    def test_an_expired_bearer_and_a_lifetime_for_it_are_warned_of(self, zoomcall: Shell) -> None:
        bearer = jwt(fresh(OAUTH_CLAIMS, exp=int(time.time()) - 600), OAUTH_HEADER)
        result = zoomcall("token", "mint", "--ttl", "1h", environ={"ZOOMCALL_TOKEN": bearer}, reveals=("output",))
        assert result.stdout == f"{bearer}\n"
        assert "expired 10 minutes ago (token-expired)" in result.stderr
        assert "(ttl-ignored)" in result.stderr

    def test_a_server_to_server_token_comes_from_the_token_endpoint(
        self, zoomcall: Shell, emulator: Emulator, emulator_environ: dict[str, str]
    ) -> None:
        result = zoomcall(
            "token", "mint", "--for", "meeting", "--json", environ=emulator_environ, reveals=("output",)
        )
        document = result.json()
        assert document["credential"] == {"kind": "s2s", "source": "env"}
        assert document["result"]["kind"] == "s2s"
        assert document["result"]["expires_at"] is not None
        inspected = zoomcall("token", "inspect", "--json", stdin=document["result"]["token"].encode())
        assert (inspected.code, inspected.json()["result"]["kind"]) == (0, "s2s")

    def test_a_wrong_client_secret_is_refused(self, zoomcall: Shell, emulator_environ: dict[str, str]) -> None:
        environ = emulator_environ | {"ZOOMCALL_CLIENT_SECRET": SENTINEL}
        result = zoomcall("token", "mint", "--for", "meeting", environ=environ)
        assert (result.code, result.stdout) == (4, "")
        assert "invalid_client" in result.stderr

    def test_a_swapped_pair_is_the_likeliest_cause_of_a_refusal(
        self, zoomcall: Shell, emulator_environ: dict[str, str]
    ) -> None:
        key, secret = emulator_environ["ZOOMCALL_API_KEY"], emulator_environ["ZOOMCALL_API_SECRET"]
        environ = emulator_environ | {"ZOOMCALL_API_KEY": secret, "ZOOMCALL_API_SECRET": key}
        result = zoomcall("whoami", "--for", "session", "--json", environ=environ)
        assert result.code == 4
        assert result.json()["error"]["causes"][0]["id"] == "key-secret-swapped"
        assert secret not in result.stdout

    def test_a_closed_port_is_a_network_fault(self, zoomcall: Shell) -> None:
        environ = S2S | {"ZOOMCALL_OAUTH_BASE": "http://127.0.0.1:9"}
        assert zoomcall("token", "mint", environ=environ).code == 10


class TestInspect:
    def test_a_fine_token_is_told_in_words(self, zoomcall: Shell) -> None:
        token = jwt(fresh(API_CLAIMS))
        result = zoomcall("token", "inspect", stdin=f"Bearer {token}\n".encode())
        assert (result.code, result.stderr) == (0, "")
        for words in (
            "API JWT, for the Video SDK's REST API (api-jwt)",
            "(session)",
            "  alg: HS256\n",
            f"  iss: {API_KEY}\n",
            "expires in 9 minutes)",
            "issued 30 seconds ago)",
            "not checked",
            "findings: none",
            "wrong-algorithm: HS256",
        ):
            assert words in result.stdout
        assert token.rpartition(".")[2] not in result.stdout

    def test_a_fine_token_as_json(self, zoomcall: Shell) -> None:
        claims = fresh(API_CLAIMS)
        result = zoomcall("token", "inspect", "--json", "-", stdin=jwt(claims).encode())
        document = result.json()
        assert (document["schema"], document["ok"]) == ("zoomcall.token.inspect/1", True)
        assert document["credential"] == {"kind": None, "source": None}
        answer = document["result"]
        assert (answer["kind"], answer["target"], answer["signature"]) == ("api-jwt", "session", "unchecked")
        assert (answer["header"], answer["claims"]) == ({"alg": "HS256", "typ": "JWT"}, claims)
        assert answer["findings"] == []
        assert {"id": "wrong-algorithm", "evidence": "HS256"} in answer["checked"]

    def test_an_expired_token_is_told_on_stdout_and_ends_in_auth(self, zoomcall: Shell) -> None:
        token = jwt(fresh(API_CLAIMS, exp=int(time.time()) - 180))
        result = zoomcall("token", "inspect", stdin=token.encode())
        assert result.code == 4
        assert "expired 3 minutes ago)" in result.stdout
        assert "certain: token-expired: exp is" in result.stdout
        assert "fix: " in result.stdout
        assert result.stderr.startswith("error: Zoom is certain to refuse this token: exp is")
        assert "zoomcall explain cause:token-expired" in result.stderr

    def test_a_refused_token_as_json_has_an_error_and_a_result(self, zoomcall: Shell) -> None:
        token = jwt(fresh(API_CLAIMS, exp=int(time.time()) - 180))
        document = zoomcall("token", "inspect", "--json", stdin=token.encode()).json()
        assert (document["ok"], document["exit_code"], document["exit_name"]) == (False, 4, "auth")
        assert document["error"]["kind"] == "auth"
        assert document["error"]["causes"] == document["result"]["findings"] != []
        assert document["error"]["checked"] == document["result"]["checked"] != []
        assert document["result"]["kind"] == "api-jwt"

    @pytest.mark.parametrize(
        ("token", "kind", "cause"),
        [
            (jwt(fresh(SESSION_CLAIMS)), "session-jwt", "session-jwt"),
            (jwt(fresh(MEETING_SDK_CLAIMS)), "meeting-sdk-jwt", "meeting-sdk-jwt"),
            (jwt(fresh(OAUTH_CLAIMS, type=1), OAUTH_HEADER), "refresh-token", "refresh-token"),
            (jwt(fresh(ZAK_CLAIMS), ZAK_HEADER), "zak", "zak-token"),
            ("not.a.jwt", "malformed", "token-malformed"),
            ("two words", "opaque", "token-whitespace"),
            ("Bearer Bearer zbk_0123456789", "opaque", "bearer-doubled"),
        ],
    )
    def test_what_zoom_is_certain_to_refuse_ends_in_auth(
        self, zoomcall: Shell, token: str, kind: str, cause: str
    ) -> None:
        result = zoomcall("token", "inspect", "--json", stdin=token.encode())
        assert (result.code, result.json()["result"]["kind"]) == (4, kind)
        assert findings(result)[cause] == "certain"

    @pytest.mark.parametrize(
        ("token", "target"),
        [
            (jwt(fresh(OAUTH_CLAIMS), OAUTH_HEADER), "meeting"),
            (jwt(fresh(OAUTH_CLAIMS, type=3), OAUTH_HEADER), "meeting"),
            ("zbk_0123456789", None),
        ],
    )
    def test_other_kinds_of_bearer_pass(self, zoomcall: Shell, token: str, target: str | None) -> None:
        result = zoomcall("token", "inspect", "--json", stdin=token.encode())
        assert (result.code, result.json()["result"]["target"]) == (0, target)
        assert set(findings(result).values()) <= {"possible"}

    def test_a_token_is_judged_for_the_api_that_is_asked_for(self, zoomcall: Shell) -> None:
        oauth = jwt(fresh(OAUTH_CLAIMS), OAUTH_HEADER).encode()
        assert zoomcall("token", "inspect", "--for", "meeting", stdin=oauth).code == 0
        result = zoomcall("token", "inspect", "--for", "session", "--json", stdin=oauth)
        assert (result.code, findings(result)) == (4, {"oauth-token-on-videosdk": "certain"})
        wrong = zoomcall("token", "inspect", "--for", "meeting", "--json", stdin=jwt(fresh(API_CLAIMS)).encode())
        assert findings(wrong) == {"api-jwt-on-meetings": "certain", "legacy-jwt-app": "likely"}

    def test_the_default_key_makes_an_issuer_doubtful_at_most(self, zoomcall: Shell) -> None:
        token = jwt(fresh(API_CLAIMS, iss="another")).encode()
        result = zoomcall("token", "inspect", "--json", stdin=token, environ=PAIR)
        assert (result.code, findings(result)) == (0, {"issuer-not-api-key": "possible"})
        bearer = {"ZOOMCALL_TOKEN": "zbk_0123456789"}
        assert findings(zoomcall("token", "inspect", "--json", stdin=token, environ=bearer)) == {}
        store_pair(zoomcall)
        stored = zoomcall("token", "inspect", "--json", stdin=token)
        assert (stored.code, findings(stored)) == (0, {"issuer-not-api-key": "possible"})
        chosen = zoomcall("token", "inspect", "-p", "prod", "--json", stdin=token)
        assert (chosen.code, findings(chosen)) == (4, {"issuer-not-api-key": "certain"})

    def test_a_profile_checks_the_signature(self, zoomcall: Shell) -> None:
        store_pair(zoomcall)
        result = zoomcall("token", "inspect", "-p", "prod", "--json", stdin=jwt(fresh(API_CLAIMS)).encode())
        document = result.json()
        assert (result.code, document["result"]["signature"], findings(result)) == (0, "valid", {})
        assert (document["profile"], document["credential"]) == ("prod", {"kind": "videosdk", "source": "file"})
        forged = jwt(fresh(API_CLAIMS), secret="another")
        result = zoomcall("token", "inspect", "-p", "prod", "--json", stdin=forged.encode())
        assert (result.code, result.json()["result"]["signature"]) == (4, "invalid")
        assert findings(result) == {"signature-mismatch": "certain"}

    def test_the_secret_of_the_environment_checks_tokens_of_its_key(self, zoomcall: Shell) -> None:
        own = jwt(fresh(API_CLAIMS), secret=SENTINEL).encode()
        made = zoomcall("token", "inspect", "--json", stdin=own, environ=PAIR)
        assert (made.code, made.json()["result"]["signature"]) == (0, "valid")
        assert made.json()["credential"] == {"kind": "videosdk", "source": "env"}
        forged = jwt(fresh(API_CLAIMS), secret="another").encode()
        result = zoomcall("token", "inspect", "--json", stdin=forged, environ=PAIR)
        assert (result.code, result.json()["result"]["signature"]) == (4, "invalid")
        assert findings(result) == {"signature-mismatch": "certain"}
        strange = jwt(fresh(API_CLAIMS, iss="another"), secret="another").encode()
        result = zoomcall("token", "inspect", "--json", stdin=strange, environ=PAIR)
        assert (result.code, result.json()["result"]["signature"]) == (0, "unchecked")

    def test_a_secret_that_a_variable_names_a_file_of_checks_as_well(self, zoomcall: Shell, tmp_path: Path) -> None:
        file = tmp_path / "secret"
        file.write_text(f"{SENTINEL}\n", encoding="utf-8")
        environ = {"ZOOMCALL_API_KEY": API_KEY, "ZOOMCALL_API_SECRET_FILE": str(file)}
        for secret, code, signature in ((SENTINEL, 0, "valid"), ("another", 4, "invalid")):
            token = jwt(fresh(API_CLAIMS), secret=secret).encode()
            result = zoomcall("token", "inspect", "--json", stdin=token, environ=environ)
            assert (result.code, result.json()["result"]["signature"]) == (code, signature)
            assert findings(result) == ({} if code == 0 else {"signature-mismatch": "certain"})

    def test_a_stored_secret_is_not_taken_without_a_profile(self, zoomcall: Shell) -> None:
        store_pair(zoomcall)
        forged = jwt(fresh(API_CLAIMS), secret="another").encode()
        result = zoomcall("token", "inspect", "--json", stdin=forged)
        assert (result.code, result.json()["result"]["signature"], findings(result)) == (0, "unchecked", {})
        chosen = zoomcall("token", "inspect", "--json", "-p", "prod", stdin=forged, environ=PAIR)
        assert (chosen.code, findings(chosen)) == (4, {"signature-mismatch": "certain"})

    def test_whether_the_signature_was_checked_is_told_in_words(self, zoomcall: Shell) -> None:
        said = {}
        for name, secret, environ in (
            ("unchecked", SENTINEL, {}),
            ("valid", SENTINEL, PAIR),
            ("invalid", "another", PAIR),
        ):
            token = jwt(fresh(API_CLAIMS), secret=secret).encode()
            page = zoomcall("token", "inspect", stdin=token, environ=environ).stdout
            [said[name]] = [line for line in page.splitlines() if line.startswith("signature: ")]
        assert "not checked" in said["unchecked"]
        assert "-p" in said["unchecked"]
        assert not {"not", "-p"} & set(said["valid"].split())
        assert "not checked" not in said["invalid"]
        assert "not" in said["invalid"].split()

    def test_the_environments_secret_in_the_keys_place_is_found_and_stays_hidden(self, zoomcall: Shell) -> None:
        swapped = jwt(fresh(API_CLAIMS, iss=SENTINEL), secret=API_KEY).encode()
        result = zoomcall("token", "inspect", "--json", stdin=swapped, environ=PAIR)
        assert (result.code, findings(result)["key-secret-swapped"]) == (4, "certain")
        assert zoomcall("token", "inspect", stdin=swapped, environ=PAIR).code == 4

    def test_a_swapped_pair_is_found_and_the_secret_stays_hidden(self, zoomcall: Shell) -> None:
        store_pair(zoomcall)
        swapped = jwt(fresh(API_CLAIMS, iss=API_SECRET), secret=API_KEY)
        result = zoomcall("token", "inspect", "-p", "prod", "--json", stdin=swapped.encode())
        assert findings(result)["key-secret-swapped"] == "certain"
        assert result.json()["result"]["claims"]["iss"] == "***"

    def test_a_profile_without_a_secret_to_check_by_says_so(self, zoomcall: Shell) -> None:
        store(zoomcall, "build", 'kind = "token"\nfor = "session"', "zbk_0123456789")
        result = zoomcall("token", "inspect", "-p", "build", stdin=jwt(fresh(API_CLAIMS)).encode())
        assert result.code == 0
        assert "(signature-unchecked)" in result.stderr

    def test_an_unknown_profile_is_not_configured(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "inspect", "-p", "nobody", stdin=jwt(fresh(API_CLAIMS)).encode())
        assert (result.code, result.stdout) == (3, "")

    def test_the_keyring_is_opened_with_a_profile_only(self, zoomcall: Shell) -> None:
        zoomcall.config_dir.mkdir(parents=True)
        (zoomcall.config_dir / "config.toml").write_text(
            f'current = "prod"\n[profiles.prod]\nkind = "videosdk"\napi_key = "{API_KEY}"\n', encoding="utf-8"
        )
        token = jwt(fresh(API_CLAIMS)).encode()
        assert zoomcall("token", "inspect", stdin=token).code == 0
        assert zoomcall("token", "inspect", "-p", "prod", stdin=token).code == 3

    def test_faulty_credentials_are_no_matter_without_a_profile(self, zoomcall: Shell) -> None:
        zoomcall.config_dir.mkdir(parents=True)
        (zoomcall.config_dir / "config.toml").write_text("current = [", encoding="utf-8")
        token = jwt(fresh(API_CLAIMS)).encode()
        for environ in ({}, {"ZOOMCALL_API_KEY": "half"}, PAIR | S2S):
            assert zoomcall("token", "inspect", stdin=token, environ=environ).code == 0

    def test_an_argument_is_taken_with_a_hint(self, zoomcall: Shell) -> None:
        token = jwt(fresh(API_CLAIMS))
        result = zoomcall("token", "inspect", token)
        assert result.code == 0
        assert "(token-in-arguments)" in result.stderr
        document = zoomcall("token", "inspect", "--json", token).json()
        assert [warning["id"] for warning in document["warnings"]] == ["token-in-arguments"]

    def test_a_terminal_is_asked_without_an_echo(self, zoomcall: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
        prompts = []

        def ask(prompt: str, stream: Any) -> str:
            prompts.append(prompt)
            return jwt(fresh(API_CLAIMS))

        monkeypatch.setattr(getpass, "getpass", ask)
        result = zoomcall("token", "inspect", terminal=("stdin",))
        assert (result.code, prompts) == (0, ["Token (not shown): "])

    def test_a_prompt_that_is_closed_is_a_usage_error(
        self, zoomcall: Shell, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def close(prompt: str, stream: Any) -> str:
            raise EOFError

        monkeypatch.setattr(getpass, "getpass", close)
        assert zoomcall("token", "inspect", terminal=("stdin",)).code == 2

    @pytest.mark.parametrize("refusal", [("--no-input",), ()])
    def test_a_terminal_that_must_not_be_asked_is_a_usage_error(
        self, zoomcall: Shell, refusal: tuple[str, ...]
    ) -> None:
        environ = {} if refusal else {"ZOOMCALL_NO_INPUT": "1"}
        result = zoomcall("token", "inspect", *refusal, terminal=("stdin",), environ=environ)
        assert (result.code, result.stdout) == (2, "")
        assert "--no-input" in result.stderr

    @pytest.mark.parametrize(
        ("stdin", "words"),
        [
            (b"", "empty"),
            (b"\n", "empty"),
            (b"\x89PNG\r\n\x1a\n\x00\xff", "binary"),
            (b'{"token_type": "bearer"}', "JSON"),
            (b"word " * 50, "text of more than 20 words"),
        ],
    )
    def test_input_that_is_no_token_is_a_usage_error(self, zoomcall: Shell, stdin: bytes, words: str) -> None:
        result = zoomcall("token", "inspect", stdin=stdin)
        assert (result.code, result.stdout) == (2, "")
        assert words in result.stderr
        assert "fix: " in result.stderr
        assert zoomcall("token", "inspect", "--json", stdin=stdin).json()["schema"] == "zoomcall.error/1"

    def test_an_empty_argument_is_a_usage_error(self, zoomcall: Shell) -> None:
        assert zoomcall("token", "inspect", "").code == 2

    def test_a_megabyte_is_read(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "inspect", "--json", stdin=b"a" * 1_000_000)
        assert (result.code, findings(result)) == (0, {"opaque-token": "possible"})

    def test_passwords_in_claims_are_masked(self, zoomcall: Shell) -> None:
        zoomcall.hide("handSESSIONKEY")
        zoomcall.hide("handSK")
        for claims, name in ((SESSION_CLAIMS, "session_key"), (ZAK_CLAIMS, "sk")):
            token = jwt(fresh(claims), ZAK_HEADER if name == "sk" else None).encode()
            assert f"  {name}: ***\n" in zoomcall("token", "inspect", stdin=token).stdout
            document = zoomcall("token", "inspect", "--json", stdin=token).json()
            assert document["result"]["claims"][name] == "***"

    def test_claims_cannot_steer_a_terminal(self, zoomcall: Shell) -> None:
        claims = fresh(API_CLAIMS, **{"note\x1b[2J": "a\x1b[31mb\u202ec\nd", "list": ["\x07"], "[bold]": "[/]"})
        for arguments in ((), ("--json",)):
            result = zoomcall("token", "inspect", *arguments, stdin=jwt(claims).encode())
            assert result.code == 0
            assert not {"\x1b", "\x07", "\u202e"} & set(result.stdout)
        assert "  [bold]: [/]\n" in zoomcall("token", "inspect", stdin=jwt(claims).encode()).stdout

    def test_quiet_mutes_neither_answer_nor_error(self, zoomcall: Shell) -> None:
        result = zoomcall("token", "inspect", "-q", "not.a.jwt")
        assert result.code == 4
        assert "token-malformed" in result.stdout
        assert result.stderr.startswith("error: ")

    def test_the_repr_of_an_answer_does_not_show_a_minted_token(self) -> None:
        minted = TokenMintResult(token=SENTINEL, kind=CredentialKind.TOKEN, expires_at=None)
        assert SENTINEL not in repr(Answer(raw=SENTINEL, result=minted))

    def test_mint_and_inspect_work_as_a_pipe_of_processes(self, zoomcall_process: ProcessShell) -> None:
        minted = zoomcall_process("token", "mint", environ=PAIR, reveals=("output",))
        inspected = zoomcall_process("token", "inspect", stdin=minted.stdout.encode(), environ=PAIR)
        assert (minted.code, inspected.code, inspected.stderr) == (0, 0, "")
        assert "iss is the API key at hand" in inspected.stdout
