"""Which bearers the emulator accepts: tokens made by hand with openssl, over a real socket."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from emulator.hand_made import CLIENT, FORM, GOOD_TOKEN, HAND_MADE_KEYS, TEN_O_CLOCK, Caller, oauth_caller

from zoomcall.emulator.running import Emulator

INVALID = (401, 124, "Invalid access token.")
EXPIRED = (401, 124, "Access token is expired.")
SESSIONS = "/v2/videosdk/sessions?from=2026-11-20&to=2026-11-21"
HS256 = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with Emulator(keys=HAND_MADE_KEYS, clock=lambda: TEN_O_CLOCK) as zoom:
        yield zoom.base


@pytest.mark.parametrize(
    "token",
    [
        pytest.param(GOOD_TOKEN, id="iss, iat and exp"),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImV4cCI6MTc5NTI1NTgwMH0"
            ".-g56l4K1h_OmVE2r9OWZMm9f0bmBmjQey1SKqOmeoEc",
            id="no iat",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImV4cCI6MTc5NTI1NTIwMX0"
            ".6LmXkJ421p28-hnBlVF_ATbpOIvf5NiiK1rcXrVEU8M",
            id="a second to live",
        ),
    ],
)
def test_a_good_api_jwt_is_let_in(base: str, token: str) -> None:
    assert Caller(base)("GET", SESSIONS, Authorization=f"Bearer {token}").status == 200


@pytest.mark.parametrize(
    ("token", "refusal"),
    [
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1MTU3MCwiZXhwIjoxNzk1MjU1MjAwfQ"
            ".zx18ASdOo2vBsTmqxDYRmcgmr_VsCQCtfhYPuqM0tT4",
            EXPIRED,
            id="expires this second",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MH0"
            ".kd-Xe55U-ozJxe3eD596CKJRngpZa_On30GPu3T-snI",
            INVALID,
            id="exp missing",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoiMTc5NTI1NTgwMCJ9"
            ".hSDmPJqXHO6SbGESBt5ZlHZMxj-_qOVR9vQf2T1LPJc",
            INVALID,
            id="exp is a text",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwLjV9"
            ".4IrsaXQAoUELFMBOIu8d96jzh6YNNBmn5vvBUsV1Bmg",
            INVALID,
            id="exp has a fraction",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImV4cCI6dHJ1ZX0.kAD0CxUC5-vEOW06Kd32OCrxWVs7VOj4KcBv8yTcgQo",
            INVALID,
            id="exp is true",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwMDAwfQ"
            ".8ur4vta-46zvvI49k_60rZ8rkk__TuEfS829wuoHtgA",
            INVALID,
            id="exp in milliseconds",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTI2MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".HZnKFZz2bsCPUytZst-GECSxIbeU88ONxTyV-cIjQHY",
            INVALID,
            id="iat a minute ahead",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MDAwMCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".r-oye-gdrznOFNNEpI8itCrtqQFVu6ULKZ6do7zs-KM",
            INVALID,
            id="iat in milliseconds",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsIm5iZiI6MTc5NTI1NTI2MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".4klEBpag_DSDjc-fcaFalO0p6-n0NUlKp-CCgT2URGU",
            INVALID,
            id="nbf a minute ahead",
        ),
        pytest.param(
            f"{HS256}.eyJpYXQiOjE3OTUyNTUxNzAsImV4cCI6MTc5NTI1NTgwMH0.YDMAslVsK_HlJ1-bjEmBLeXoaLgLdvFEBJ5UWUkpn10",
            INVALID,
            id="iss missing",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJPdGhlcktleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".ihInkW7OcfssQreetZhAPe-K2lkInafdnq90hDLf3sU",
            INVALID,
            id="another issuer",
        ),
        pytest.param(
            f"{HS256}.eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".iZp5SJ3dH19l-PfWGqEv212v7PbiiDw3e_s3FhRkWms",
            INVALID,
            id="another secret",
        ),
        pytest.param(
            "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0"
            ".eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".YseRyFORZhFROfzQt2rxQqTd9GpxkiJ7-1_VOrmumwM",
            INVALID,
            id="alg none",
        ),
        pytest.param(
            "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9"
            ".eyJpc3MiOiJIYW5kTWFkZUtleSIsImlhdCI6MTc5NTI1NTE3MCwiZXhwIjoxNzk1MjU1ODAwfQ"
            ".B1XOeLd2da-s0n_xa6qnhh4Dut-rqs-XvIub-7THJHg",
            INVALID,
            id="alg HS512",
        ),
        pytest.param(
            f"{HS256}.eyJhcHBfa2V5IjoiSGFuZE1hZGVLZXkiLCJ0cGMiOiJ4Iiwicm9sZV90eXBlIjoxLCJ2ZXJzaW9uIjoxLCJpYXQiO"
            "jE3OTUyNTUxNzAsImV4cCI6MTc5NTI1ODgwMH0.IvkJ4poM1z25iH9c5j34DUP5al2SgiEZB3Z2j_2N4Jk",
            INVALID,
            id="a session JWT",
        ),
        pytest.param(
            f"{HS256}.WyJpc3MiXQ.eG2k3M15dm4naDzYtJzeZyRTJ4qknSNwc2yrrbj1fOs", INVALID, id="claims no object"
        ),
        pytest.param(GOOD_TOKEN + "=", INVALID, id="padded"),
        pytest.param(GOOD_TOKEN.rpartition(".")[0], INVALID, id="two parts"),
        pytest.param(GOOD_TOKEN.rpartition(".")[0] + ".", INVALID, id="unsigned"),
        pytest.param("a.b.c", INVALID, id="no JSON inside"),
        pytest.param("opaque-key-that-nobody-gave", INVALID, id="an unknown opaque key"),
        pytest.param("", INVALID, id="nothing"),
    ],
)
def test_a_bad_bearer_is_refused_in_zooms_words(base: str, token: str, refusal: tuple[int, int, str]) -> None:
    assert Caller(base)("GET", SESSIONS, Authorization=f"Bearer {token}").refusal == refusal


@pytest.mark.parametrize(
    "header",
    [
        None,
        GOOD_TOKEN,
        f"bearer {GOOD_TOKEN}",
        f"Bearer  {GOOD_TOKEN}",
        f"Bearer Bearer {GOOD_TOKEN}",
        f"Bearer {GOOD_TOKEN[:60]} {GOOD_TOKEN[60:]}",
        f'Bearer "{GOOD_TOKEN}"',
        f"Basic {GOOD_TOKEN}",
        "Bearer",
    ],
)
def test_only_one_bearer_behind_one_blank_is_taken(base: str, header: str | None) -> None:
    assert Caller(base)("GET", SESSIONS, Authorization=header).refusal == INVALID


def test_a_build_key_opens_the_video_sdk_either_way(base: str) -> None:
    call = Caller(base)
    assert call("GET", SESSIONS, Authorization="Bearer hand-made-build-key").status == 200
    assert call("GET", SESSIONS, x_api_key="hand-made-build-key").status == 200
    assert call("GET", "/v2/users/me", Authorization="Bearer hand-made-build-key").refusal == INVALID


def test_an_api_key_header_wins_over_a_bearer(base: str) -> None:
    answer = Caller(base)("GET", SESSIONS, x_api_key="wrong", Authorization=f"Bearer {GOOD_TOKEN}")
    assert answer.refusal == INVALID


def test_an_api_jwt_opens_no_meetings_endpoint(base: str) -> None:
    assert Caller(base)("GET", "/v2/users/me", Authorization=f"Bearer {GOOD_TOKEN}").refusal == INVALID


def test_a_good_oauth_token_opens_no_video_sdk_endpoint(zoom: Emulator) -> None:
    answer = oauth_caller(zoom)("GET", SESSIONS)
    assert answer.refusal == (400, 200, "This API is only available for Video SDK accounts.")


def test_a_client_credentials_token_opens_nothing(base: str) -> None:
    call = Caller(base)
    answer = call("POST", "/oauth/token", b"grant_type=client_credentials", Authorization=CLIENT, Content_Type=FORM)
    bearer = f"Bearer {answer.json()['access_token']}"
    for target in ("/v2/users/me", SESSIONS):
        assert call("GET", target, Authorization=bearer).refusal == (400, 200, "Invalid api key or secret.")


def test_a_revoked_oauth_token_is_refused(zoom: Emulator) -> None:
    call = oauth_caller(zoom)
    assert call("GET", "/v2/users/me").status == 200
    zoom.world.revoke_tokens()
    assert call("GET", "/v2/users/me").refusal == INVALID


def test_an_oauth_token_expires(make_zoom: Callable[..., Emulator]) -> None:
    moment = [TEN_O_CLOCK]
    zoom = make_zoom(clock=lambda: moment[0])
    call = oauth_caller(zoom)
    moment[0] = TEN_O_CLOCK + timedelta(seconds=3599)
    assert call("GET", "/v2/users/me").status == 200
    moment[0] = TEN_O_CLOCK + timedelta(seconds=3600)
    assert call("GET", "/v2/users/me").refusal == EXPIRED


@pytest.mark.parametrize(
    ("method", "target", "wanted"),
    [
        ("GET", "/v2/users/me", "user:read, user:read:admin, user:read:user, user:read:user:admin"),
        (
            "PATCH",
            "/v2/live_meetings/97763643886/events",
            (
                "meeting:write, meeting:write:admin, meeting:master, meeting:update:in_meeting_controls, "
                "meeting:update:in_meeting_controls:admin, meeting:update:in_meeting_controls:master"
            ),
        ),
        (
            "GET",
            "/v2/metrics/meetings/97763643886/participants",
            (
                "dashboard_meetings:read:admin, dashboard:read:admin, dashboard:master, "
                "dashboard:read:list_meeting_participants:admin, dashboard:read:list_meeting_participants:master"
            ),
        ),
        ("GET", "/v2/h323/devices", "h323:read:admin, h323:master, h323_device:read:list_devices:admin"),
        ("GET", "/v2/crc/managed_rooms", "crc_rooms:read:admin, crc:read:list_rooms:admin"),
        ("GET", "/v2/crc/managed_rooms/cisco-01", "crc:read:room:admin"),
    ],
)
def test_a_missing_scope_is_named(
    make_zoom: Callable[..., Emulator], method: str, target: str, wanted: str
) -> None:
    zoom = make_zoom(scopes=("imchat:bot",))
    message = f"Invalid access token, does not contain scopes:[{wanted}]."
    assert oauth_caller(zoom)(method, target).refusal == (400, 4711, message)


@pytest.mark.parametrize("scope", ["user:read", "user:read:user:admin"])
def test_a_classic_or_a_granular_scope_is_enough(make_zoom: Callable[..., Emulator], scope: str) -> None:
    assert oauth_caller(make_zoom(scopes=(scope,)))("GET", "/v2/users/me").status == 200
