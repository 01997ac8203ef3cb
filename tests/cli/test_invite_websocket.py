"""Meetings settled by Zoom's websocket, from the command line."""

import sys
import time

import pytest
from emulator.hand_made import eventually
from loopback import free_port
from shell import Shell

from zoomcall.adapters.installation import install_line
from zoomcall.emulator.keys import GrantType
from zoomcall.emulator.running import Emulator
from zoomcall.emulator.scopes import ALL_ADMIN

ANSWER = "answer@room.example.com"
NO_ROSTER = tuple(scope for scope in ALL_ADMIN if "participants" not in scope)


@pytest.fixture
def meeting(zoomcall: Shell, emulator: Emulator) -> tuple[str, ...]:
    """Point the program at the emulator's meeting, as an app with a websocket subscription."""
    ready = emulator.ready
    zoomcall.set(
        ZOOMCALL_API_BASE=ready["api_base"],
        ZOOMCALL_OAUTH_BASE=ready["oauth_base"],
        ZOOMCALL_ACCOUNT_ID=ready["account_id"],
        ZOOMCALL_CLIENT_ID=ready["client_id"],
        ZOOMCALL_CLIENT_SECRET=ready["client_secret"],
        ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID=ready["websocket_subscription_id"],
    )
    return ("--meeting", ready["meeting_id"])


def connections(emulator: Emulator) -> int:
    return sum(received.path == "/ws" for received in emulator.requests)


def test_a_known_subscription_is_used_without_being_asked_for(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    result = zoomcall("invite", "sip", "decline@room.example.com", *meeting, "--json")
    assert result.code == 20
    assert result.json()["result"]["evidence"] == {"source": "websocket", "match": "exact"}
    assert connections(emulator) == 1
    paths = [(received.method, received.path) for received in emulator.requests]
    assert paths.index(("GET", "/ws")) < next(index for index, (method, _) in enumerate(paths) if method == "PATCH")


def test_the_connection_is_closed_with_the_command(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    started = time.monotonic()
    assert zoomcall("invite", "sip", ANSWER, *meeting).code == 0
    assert time.monotonic() - started < 30
    eventually(lambda: not emulator.sockets.is_connected)


def test_verbose_names_the_source_and_debug_shows_no_token(zoomcall: Shell, meeting: tuple[str, ...]) -> None:
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--debug", "--evidence", "websocket")
    assert result.code == 0
    assert "evidence: websocket\n" in result.stderr
    assert "access_token=***" in result.stderr
    assert result.stdout.endswith("(Zoom's event by websocket)\n")


def test_without_a_subscription_a_meeting_has_its_roster(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    zoomcall.set(ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID=None)
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (0, "roster")
    assert connections(emulator) == 0


def test_the_websocket_cannot_be_asked_for_without_a_subscription(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    zoomcall.set(ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID=None)
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--evidence", "websocket")
    assert result.code == 2
    assert "--websocket-subscription-id" in result.stderr
    assert not any(received.method == "PATCH" for received in emulator.requests)


def test_a_session_has_no_websocket(zoomcall: Shell, emulator: Emulator, emulator_environ: dict[str, str]) -> None:
    environ = {
        **emulator_environ,
        "ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID": emulator.ready["websocket_subscription_id"],
    }
    result = zoomcall("invite", "sip", ANSWER, "--evidence", "websocket", environ=environ)
    assert result.code == 2
    assert "Zoom does not list them for the Video SDK" in result.stderr
    assert emulator.requests == []
    assert zoomcall("invite", "sip", ANSWER, environ=environ).code == 0
    assert connections(emulator) == 0


def test_the_profiles_subscription_is_used(zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]) -> None:
    ready = emulator.ready
    secret = ready["client_secret"]
    zoomcall.set(
        ZOOMCALL_ACCOUNT_ID=None,
        ZOOMCALL_CLIENT_ID=None,
        ZOOMCALL_CLIENT_SECRET=None,
        ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID=None,
    )
    app = ("--kind", "s2s", "--account-id", ready["account_id"], "--client-id", ready["client_id"])
    subscription = ("--websocket-subscription-id", ready["websocket_subscription_id"])
    login = ("auth", "login", *app, *subscription, "--secret-stdin", "--store", "file")
    assert zoomcall(*login, stdin=secret.encode(), reveals=("files",)).code == 0
    result = zoomcall("invite", "sip", "fail-9@room.example.com", *meeting, "--json")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (23, "websocket")


def test_a_bearer_as_given_serves_the_websocket_too(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    minted = zoomcall("token", "mint", "--for", "meeting", reveals=("output",)).stdout.strip()
    zoomcall.set(ZOOMCALL_TOKEN=minted)
    result = zoomcall("invite", "sip", "fail-8@room.example.com", *meeting, "--json")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (22, "websocket")


def test_a_websocket_that_is_refused_leaves_the_rest(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    emulator.sockets.grants = frozenset()
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json", "-v")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (0, "roster")
    assert "websocket: Zoom refused the websocket: Invalid Token" in result.stderr
    assert connections(emulator) == 2


def test_the_accounts_token_is_tried_where_the_apps_own_is_refused(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    emulator.sockets.grants = frozenset({GrantType.ACCOUNT})
    result = zoomcall("invite", "sip", "no-answer@room.example.com", *meeting, "--json")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (21, "websocket")


def test_asked_for_alone_and_refused_nothing_is_proven(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    emulator.sockets.grants = frozenset()
    started = time.monotonic()
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json", "--evidence", "websocket")
    assert result.code == 8
    assert time.monotonic() - started < 60
    warnings = {warning["id"]: warning["message"] for warning in result.json()["warnings"]}
    assert "Invalid Token" in warnings["no-evidence"]


def test_other_clusters_have_no_websocket_that_is_known(zoomcall: Shell, meeting: tuple[str, ...]) -> None:
    zoomcall.set(ZOOMCALL_API_BASE="https://api.zoomgov.com/v2", HTTPS_PROXY=f"http://127.0.0.1:{free_port()}")
    result = zoomcall("invite", "sip", ANSWER, *meeting, "-v", "--timeout", "1")
    assert "the websocket address of https://api.zoomgov.com/v2 is not known" in result.stderr
    assert result.code == 10


def test_without_its_extra_it_prints_the_install_line_or_goes_on(
    zoomcall: Shell, meeting: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "aiohttp", None)
    monkeypatch.delitem(sys.modules, "zoomcall.adapters.websocket_feed", raising=False)
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json", "--evidence", "websocket")
    assert result.code == 2
    told = "aiohttp is not installed; Zoom's websocket needs it (extra zoomcall[webhook])"
    assert result.json()["error"]["title"] == told
    assert result.json()["error"]["command"] == install_line("webhook")
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json", "-v")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (0, "roster")
    assert told in result.stderr


def test_nobody_waits_for_a_websocket_who_does_not_wait(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    assert zoomcall("invite", "sip", ANSWER, *meeting, "--evidence", "roster").code == 0
    assert zoomcall("invite", "sip", ANSWER, *meeting, "--dry-run").code == 0
    assert zoomcall("invite", "sip", "decline@room.example.com", *meeting, "--no-wait").code == 0
    assert connections(emulator) == 0


def test_events_prove_what_no_roster_could(zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]) -> None:
    emulator.world.scopes = NO_ROSTER
    result = zoomcall("invite", "sip", ANSWER, *meeting, "--json")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (0, "websocket")


def test_a_connection_that_is_cut_while_it_rings_comes_back(
    zoomcall: Shell, emulator: Emulator, meeting: tuple[str, ...]
) -> None:
    emulator.world.subscribe(lambda event: emulator.drop_websocket() if event.name.endswith("ringing") else None)
    result = zoomcall("invite", "sip", "no-answer@room.example.com", *meeting, "--json", "-v")
    assert (result.code, result.json()["result"]["evidence"]["source"]) == (21, "websocket")
    assert "websocket: the websocket was cut; events are lost until it is back" in result.stderr
