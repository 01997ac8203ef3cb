from __future__ import annotations

import pytest
from shell import ProcessShell, Shell

from zoomcall.usecases.topics import pages


def test_a_code_is_explained_in_text(zoomcall: Shell) -> None:
    result = zoomcall("explain", "124")
    assert result.code == 0
    assert result.stderr == ""
    lines = result.stdout.splitlines()
    assert lines[0] == "Zoom's code 124: Zoom refused the token (zoom:124)"
    assert "  run: zoomcall token inspect -" in lines
    assert any(line.startswith("  what to do: ") for line in lines)
    assert any(line.startswith("  example: ") for line in lines)
    assert not any(line.startswith("  source: ") for line in lines)
    verbose = zoomcall("explain", "124", "-v").stdout.splitlines()
    assert any(line.startswith("  source: https://devforum.zoom.us/") for line in verbose)


def test_a_number_with_several_meanings_prints_them_apart(zoomcall: Shell) -> None:
    lines = zoomcall("explain", "200").stdout.splitlines()
    assert lines[0].startswith("HTTP 200")
    assert "no-op" in lines[0]
    following = lines[lines.index("") + 1]
    assert following.startswith("Zoom's code 200")


def test_the_exit_codes_are_a_table(zoomcall: Shell) -> None:
    lines = zoomcall("explain", "exit-codes").stdout.splitlines()
    assert "code\tname\tmeaning" in lines
    assert any(line.startswith("7\tno-op\t") for line in lines)


def test_several_words_are_one_topic(zoomcall: Shell) -> None:
    assert zoomcall("explain", "clock", "skew").stdout == zoomcall("explain", "clock-skew").stdout


def test_several_near_pages_are_listed_by_title(zoomcall: Shell) -> None:
    result = zoomcall("explain", "room", "not", "ringing")
    assert result.stdout.startswith("these pages are near:\n")
    assert "what to do" not in result.stdout
    assert len(zoomcall("explain", "room not ringing", "--json").json()["result"]["pages"]) > 1


def test_nothing_near_is_exit_2_without_doubles(zoomcall: Shell) -> None:
    for topic in ("3712", "connekt", "1240", "scope-mising"):
        result = zoomcall("explain", topic)
        if result.code == 2:
            tried = [name.strip() for name in result.stderr.partition("Try ")[2].partition(". ")[0].split(",")]
            assert len(tried) == len({name.rpartition(":")[2] for name in tried})


def test_without_a_topic_all_are_listed(zoomcall: Shell) -> None:
    lines = zoomcall("explain").stdout.splitlines()
    assert lines[0] == "topic\ttitle"
    assert len(lines) == len(pages(None)) + 1


def test_pages_are_json_too(zoomcall: Shell) -> None:
    document = zoomcall("explain", "reason:9", "--json").json()
    assert document["schema"] == "zoomcall.explain/1"
    assert document["result"]["topic"] == "reason:9"
    [page] = document["result"]["pages"]
    assert page["topic"] == "reason:9"
    assert page["basis"] == "inferred"
    assert page["see_also"] == ["exit:23"]


def test_every_page_is_json_too(zoomcall: Shell) -> None:
    document = zoomcall("explain", "--json").json()
    assert document["result"]["topic"] is None
    assert len(document["result"]["pages"]) == len(pages(None))


@pytest.mark.parametrize("topic", ["reason:99", "zzqqy", "", "\x1b[31m"])
def test_an_unknown_topic_is_exit_2(zoomcall: Shell, topic: str) -> None:
    result = zoomcall("explain", topic)
    assert result.code == 2
    assert result.stdout == ""
    assert "there is no page about" in result.stderr
    assert "\x1b" not in result.stderr
    assert zoomcall("explain", topic, "--json").json()["error"]["kind"] == "usage"


def test_explaining_needs_no_network_and_no_keyring(zoomcall_process: ProcessShell) -> None:
    result = zoomcall_process("explain", "noop", environ={"HTTPS_PROXY": "http://127.0.0.1:1"})
    assert result.code == 0
    assert "202" in result.stdout


def test_the_fix_and_the_command_come_before_any_table(zoomcall: Shell) -> None:
    lines = zoomcall("explain", "124").stdout.splitlines()
    heads = [line.strip().partition(":")[0] for line in lines]
    table = next(number for number, line in enumerate(lines) if "\t" in line)
    assert heads.index("what to do") < heads.index("run") < table
