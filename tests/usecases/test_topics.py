from __future__ import annotations

import contextlib
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoomcall.domain.call import Reason, State, exit_of
from zoomcall.domain.exit_status import ExitStatus
from zoomcall.errors import NetworkWord, UsageError
from zoomcall.knowledge.lexicon import code_texts
from zoomcall.knowledge.texts import Basis, cause_texts
from zoomcall.usecases.topics import TopicPage, is_guess, pages, topics_of


def topics(wanted: str | None) -> list[str]:
    return [page.topic for page in pages(wanted)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("124", ["zoom:124"]),
        ("200", ["http:200", "zoom:200"]),
        ("300", ["zoom:300"]),
        ("429", ["http:429", "zoom:429"]),
        ("7", ["exit:7", "reason:7"]),
        ("13", ["exit:13", "reason:13"]),
        ("14", ["reason:14"]),
        ("29", ["exit:29"]),
        ("130", ["exit:130"]),
        ("404", ["http:404"]),
        ("503", ["http:500"]),
        ("3001", ["zoom:3001"]),
        ("5010", ["zoom:5010"]),
    ],
)
def test_a_number_finds_every_page_that_it_may_mean(wanted: str, expected: list[str]) -> None:
    assert topics(wanted) == expected


def test_of_200_the_no_op_comes_first() -> None:
    assert "no-op" in pages("200")[0].title


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("zoom:124", "zoom:124"),
        ("http:429", "http:429"),
        ("exit:7", "exit:7"),
        ("exit:no-op", "exit:7"),
        ("reason:9", "reason:9"),
        ("reason:unreachable", "reason:9"),
        ("reason:Exceed_Free_Port", "reason:12"),
        ("state:noop", "state:noop"),
        ("cause:clock-skew", "cause:clock-skew"),
        ("cause:reason-unreachable", "reason:9"),
        ("network:tls", "network:tls"),
        ("ZOOM:124", "zoom:124"),
        (" zoom: 124 ", "zoom:124"),
        ("zoom :124", "zoom:124"),
        ("zoom:invalid_client", "zoom:invalid_client"),
    ],
)
def test_a_word_in_front_chooses_one_page(wanted: str, expected: str) -> None:
    assert topics(wanted) == [expected]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("clock-skew", ["cause:clock-skew"]),
        ("Clock Skew", ["cause:clock-skew"]),
        ("noop", ["state:noop"]),
        ("no-op", ["exit:7"]),
        ("exit-codes", ["exit-codes"]),
        ("exit codes", ["exit-codes"]),
        ("network", ["exit:10"]),
        ("pending", ["exit:8", "state:pending"]),
        ("unreachable", ["exit:23", "reason:9"]),
        ("timeout", ["reason:7", "network:timeout"]),
        ("invalid_client", ["zoom:invalid_client"]),
        ("dns", ["network:dns"]),
    ],
)
def test_a_name_finds_every_page_that_bears_it(wanted: str, expected: list[str]) -> None:
    assert topics(wanted) == expected


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ("clok skew", "cause:clock-skew"),
        ("scopes", "cause:scope-missing"),
        ("milliseconds", "cause:exp-in-milliseconds"),
        ("networking", "exit:10"),
        ("crc", "cause:no-crc-plan"),
        ("rate limit", "cause:rate-limited"),
        ("certificate", "network:tls"),
        ("sdk key", "cause:key-pair-refused"),
        ("firewall", "reason:7"),
        ("licence", "exit:5"),
    ],
)
def test_a_keyword_finds_its_nearest_pages(wanted: str, expected: str) -> None:
    found = topics(wanted)
    assert expected in found
    assert len(found) <= 4


@pytest.mark.parametrize(
    "wanted",
    [
        "reason:99",
        "reason:15",
        "reason:-1",
        "exit:-1",
        "state:-noop",
        "exit:99",
        "state:gone",
        "cause:bad-luck",
        "zoom:1",
        "http:999",
        "network:carrier-pigeon",
        "99999",
        "-1",
        "zzqqy",
        "",
        " ",
        ":",
        "the of",
        "foo:1",
        "x" * 100_000,
        "\x00",
    ],
)
def test_what_has_no_page_is_a_usage_error(wanted: str) -> None:
    with pytest.raises(UsageError) as caught:
        pages(wanted)
    assert len(caught.value.message) < 200
    assert "zoomcall explain" in (caught.value.fix or "")


@pytest.mark.parametrize(("wanted", "hint"), [("cause:clok-skew", "clock-skew"), ("zoom:1240", "zoom:124")])
def test_a_near_miss_is_suggested(wanted: str, hint: str) -> None:
    with pytest.raises(UsageError) as caught:
        pages(wanted)
    assert hint in (caught.value.fix or "")


def test_without_a_topic_every_page_is_given() -> None:
    every = topics(None)
    assert every[0] == "exit-codes"
    assert len(every) == len(set(every))
    expected = {f"zoom:{code}" for code in code_texts()}
    expected |= {f"cause:{identifier}" for identifier in cause_texts()}
    expected |= {f"state:{state}" for state in State}
    expected |= {f"reason:{code}" for code in range(15)}
    expected |= {f"exit:{int(status)}" for status in ExitStatus}
    expected |= {f"network:{word}" for word in NetworkWord}
    assert expected <= set(every)
    assert [row[0] for row in topics_of(pages(None)).rows] == every


@pytest.mark.parametrize("page", pages(None), ids=lambda page: page.topic)
def test_every_page_is_whole(page: TopicPage) -> None:
    assert page.title
    assert page.meaning.endswith((".", '"'))
    assert page.fix
    assert page.example
    is_unconfirmed = page.basis is Basis.UNCONFIRMED
    assert page.sources or is_unconfirmed
    assert all(re.fullmatch(r"https://[a-z.-]+/[\w./#-]*", url) for url in page.sources)
    for text in (page.title, page.meaning, page.fix, page.example, page.command or ""):
        assert text.isprintable()
        assert "  " not in text
    assert pages(page.topic) == (page,)


@pytest.mark.parametrize("page", pages(None), ids=lambda page: page.topic)
def test_every_page_leads_to_pages_that_exist(page: TopicPage) -> None:
    for topic in page.see_also:
        assert pages(topic)


def test_a_code_with_many_texts_lists_them_with_their_exit_codes() -> None:
    [page] = pages("zoom:300")
    assert page.table is not None
    exits = {row[0]: row[3] for row in page.table.rows}
    assert exits["Invalid meeting id."] == "6"
    assert exits["Invalid session ID."] == "6"
    assert exits["No permission."] == "5"
    assert exits["Validation Failed."] == "13"


def test_the_quiet_200_has_the_exit_code_of_a_no_op() -> None:
    [page] = pages("zoom:200")
    assert page.table is not None
    assert [row[3] for row in page.table.rows] == ["4", "5", "7"]


def test_the_table_of_exit_codes_is_whole() -> None:
    [page] = pages("exit-codes")
    assert page.table is not None
    assert [int(row[0]) for row in page.table.rows] == list(ExitStatus)
    assert " 2, 3, 4, 5, 6, 9, 10, 12, 13 and 28 mean that nothing rings " in page.meaning


def test_the_pages_of_exit_codes_name_the_reasons_that_lead_to_them() -> None:
    exits = [page for page in pages(None) if page.topic.startswith("exit:")]
    named = {(topic, page.topic) for page in exits for topic in page.see_also if topic.startswith("reason:")}
    assert named == {(f"reason:{code}", f"exit:{int(exit_of(State.FAILED, Reason(code)))}") for code in range(15)}


@given(st.text(max_size=300))
def test_any_text_finds_pages_or_is_a_usage_error(text: str) -> None:
    with contextlib.suppress(UsageError):
        assert pages(text)


@pytest.mark.parametrize(
    ("said", "topic"),
    [
        ("Invalid access token.", "zoom:124"),
        ("invalid access token", "zoom:124"),
        ("Access token is expired", "zoom:124"),
        ("This API endpoint is not recognized.", "zoom:2300"),
    ],
)
def test_zooms_own_words_find_their_code(said: str, topic: str) -> None:
    assert pages(said)[0].topic == topic


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("invalid_grant", "oauth:invalid-grant"),
        ("invalid_request", "oauth:invalid-request"),
        ("url_validation", "webhook:url-validation"),
        ("endpoint.url_validation", "webhook:url-validation"),
        ("plainToken", "webhook:url-validation"),
        ("x-zm-signature", "webhook:signature"),
        ("webhook", "webhook:signature"),
        ("HTTP 401", "http:401"),
        ("http status 404", "http:404"),
        ("status code 405", "http:405"),
        ("error 124", "zoom:124"),
        ("Error code: 3001", "zoom:3001"),
        ("zoom error 2300", "zoom:2300"),
        ("exit code 7", "exit:7"),
        ("reason 9", "reason:9"),
        ("reason_type: 12", "reason:12"),
        ("SIP 486", "state:declined"),
        ("sip 404", "reason:8"),
        ("SIP 480", "state:missed"),
        ("SIP/2.0 603 Decline", "state:declined"),
        ("SIP/2.0 486 Busy Here", "state:declined"),
        ("sip 480 temporarily unavailable", "state:missed"),
        ("HTTP/1.1 404 Not Found", "http:404"),
        ("HTTP status code: 500", "http:500"),
        ("401 error", "http:401"),
        ("403 Forbidden", "http:403"),
        ("why do I get a 401?", "http:401"),
        ("124, 124", "zoom:124"),
        ("zoom error code 3001", "zoom:3001"),
        ("rc 8", "exit:8"),
        ("it exited with status 12", "exit:12"),
        ("return code 20", "exit:20"),
        ("reason code 9", "reason:9"),
    ],
)
def test_a_word_of_zooms_or_a_word_before_a_number_leads_to_its_page(said: str, expected: str) -> None:
    assert topics(said) == [expected]


@pytest.mark.parametrize(
    ("said", "expected", "wrong"),
    [
        ("room not ringing", "state:noop", "state:ringing"),
        ("the room doesn't ring", "state:noop", "state:ringing"),
        ("cannot join", "state:waiting-room", "state:joined"),
        ("can\u2019t connect", "reason:9", "exit:10"),
        ("room never answers", "state:missed", "state:answered"),
        ("not reachable", "reason:9", "state:joined"),
        ("room is busy", "state:declined", "state:joined"),
        ("stuck in the lobby", "state:waiting-room", "state:joined"),
        ("permission denied", "http:403", "cause:session-jwt"),
        ("room stuck in waiting room", "state:waiting-room", "state:joined"),
        ("the host has to admit it", "state:waiting-room", "cause:not-host"),
        ("call dropped after 10 seconds", "exit:26", "state:declined"),
        ("it hangs up", "reason:2", "state:declined"),
        ("already in meeting", "cause:already-in", "cause:api-jwt-on-meetings"),
        ("webhook not working", "webhook:url-validation", "state:noop"),
        ("no CRC license", "cause:no-crc-plan", "exit:7"),
        ("wrong secret", "cause:signature-mismatch", "cause:secret-in-quotes"),
        ("200 but nothing happens", "state:noop", "network:timeout"),
        ("meeting not started", "cause:session-not-live", "state:answered"),
        ("unauthorized", "http:401", "http:403"),
        ("SSLError", "network:tls", "network:reset"),
        ("ETIMEDOUT", "network:timeout", "network:reset"),
        ("clock is off", "cause:clock-skew", "state:joined"),
    ],
)
def test_what_people_say_leads_to_what_they_mean(said: str, expected: str, wrong: str) -> None:
    found = topics(said)
    assert expected in found
    assert wrong not in found
    assert is_guess(said)


@pytest.mark.parametrize(
    "said", ["joined", "ringing", "answered", "124", "cause:clock-skew", "HTTP 401", "webhook"]
)
def test_a_name_or_number_is_no_guess(said: str) -> None:
    assert not is_guess(said)
    assert len(topics(said)) <= 2


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("error 124 and 401", ["zoom:124", "http:401"]),
        ("ECONNREFUSED", ["network:connect"]),
        ("getaddrinfo ENOTFOUND", ["network:dns"]),
        ("socket hang up", ["network:reset"]),
        ("bad request", ["http:400"]),
        ("H.323 gatekeeper", ["reason:6"]),
        ("Meeting is not found or has expired", ["zoom:3001"]),
        ("does not contain scopes", ["zoom:104", "zoom:4711", "cause:scope-missing"]),
    ],
)
def test_error_words_and_sentences_lead_to_their_pages(said: str, expected: list[str]) -> None:
    assert topics(said) == expected


@pytest.mark.parametrize("said", ["my printer is out of paper", "no audio", "sip 999", "error 987654"])
def test_nothing_near_is_no_page(said: str) -> None:
    with pytest.raises(UsageError):
        pages(said)
