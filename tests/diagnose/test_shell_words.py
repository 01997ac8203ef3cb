from __future__ import annotations

import re
import shlex
import shutil
import subprocess

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zoomcall.usecases.pasted.shell_words import LONGEST_COMMAND, Dialect, dialect_of, split_command

words = st.lists(
    st.text(st.characters(codec="ascii", exclude_categories=["Cc"]), min_size=1, max_size=12), max_size=6
)


def split(text: str, dialect: Dialect = Dialect.POSIX) -> list[str]:
    return [word.text for word in split_command(text, 0, dialect).words]


def ansi(word: str) -> str:
    return "$'" + "".join(f"\\x{ord(character):02x}" for character in word) + "'"


def escaped(word: str) -> str:
    return "".join(f"\\{character}" for character in word)


def doubled(word: str) -> str:
    return '"' + re.sub(r'(["\\$`])', r"\\\1", word) + '"'


@settings(max_examples=300)
@given(words, st.data())
def test_posix_quoting_is_undone(arguments: list[str], data: st.DataObject) -> None:
    styles = [data.draw(st.sampled_from([shlex.quote, ansi, escaped, doubled])) for _ in arguments]
    blanks = data.draw(st.sampled_from([" ", "  ", "\t", " \\\n ", " \\ \n  "]))
    line = blanks.join(["curl", *(style(word) for style, word in zip(styles, arguments, strict=True))])
    assert split(line) == ["curl", *arguments]


@pytest.mark.parametrize(
    "line",
    [
        r"""a 'b c' "d e" f\ g 'h'"i"\j ''""",
        r"""a "b\$c\"d\\e\f" 'x\y' $'tab\there\u00e9\x41\101\'q'""",
        "a b\\\nc 'd\ne' \"f\\\ng\"",
        'a -d\'{"x": "y"}\' --x="z"',
    ],
)
def test_bash_splits_the_same(line: str) -> None:
    bash = shutil.which("bash")
    assert bash is not None
    printed = subprocess.run([bash, "-c", f"printf '%s\\0' {line}"], capture_output=True, check=True).stdout
    assert split(line) == printed.decode().split("\0")[:-1]


@settings(max_examples=300)
@given(words)
def test_the_quoting_of_windows_programs_is_undone(arguments: list[str]) -> None:
    line = subprocess.list2cmdline(["curl", *arguments])
    carets = re.sub(r"[\^&|<>\"]", r"^\g<0>", line)
    assert split(carets, Dialect.CMD) == ["curl", *arguments]


@given(words)
def test_powershell_quoting_is_undone(arguments: list[str]) -> None:
    plain = [word.replace('\\"', "'") for word in arguments]
    line = " ".join(["curl.exe", *("'" + word.replace("'", "''") + "'" for word in plain)])
    assert split(line, Dialect.POWERSHELL) == ["curl.exe", *plain]


def test_powershell_folds_by_backticks_and_keeps_variables() -> None:
    head = 'curl.exe -X PATCH `\n  -H "Authorization: Bearer $env:TOKEN" `\n  -d "{`"a`":1}"'
    line = head + " -d @'\n{\"b\":2}\n'@\nrest"
    assert split(line, Dialect.POWERSHELL) == [
        *("curl.exe", "-X", "PATCH", "-H", "Authorization: Bearer $env:TOKEN", "-d", '{"a":1}', "-d", '{"b":2}'),
    ]


def test_cmd_knows_no_single_quotes() -> None:
    assert split("curl -d '{\"a\": 1}'", Dialect.CMD) == ["curl", "-d", "'{a:", "1}'"]


def test_cmd_takes_doubled_quotation_marks_inside_quotation_marks() -> None:
    assert split('curl -d "{""a"":""b""}" x', Dialect.CMD) == ["curl", "-d", '{"a":"b"}', "x"]


@pytest.mark.parametrize("rest", ["; rm x", "| jq .", "&& echo", "|| echo", "& ", ") done", "\nnext line"])
def test_a_command_ends_where_the_shell_ends_it(rest: str) -> None:
    command = split_command(f"curl -X PATCH https://a/b {rest}", 0, Dialect.POSIX)
    assert [word.text for word in command.words] == ["curl", "-X", "PATCH", "https://a/b"]


def test_redirections_are_no_words() -> None:
    assert split("curl a 2>&1 >out.txt <in.txt b") == ["curl", "a", "b"]


def test_an_ampersand_in_a_bare_url_is_kept_and_told() -> None:
    command = split_command("curl https://zoom.us/oauth/token?grant_type=x&account_id=y -u a:b", 0, Dialect.POSIX)
    assert command.words[1].text == "https://zoom.us/oauth/token?grant_type=x&account_id=y"
    assert "&" in command.notes[0]


def test_lines_that_go_on_with_an_option_belong_to_the_command() -> None:
    command = split_command("curl https://a/b\n  -X PATCH\n-d '{}'\n\nprose - and more", 0, Dialect.POSIX)
    assert [word.text for word in command.words] == ["curl", "https://a/b", "-X", "PATCH", "-d", "{}"]
    assert len(command.notes) == 1


def test_a_quotation_mark_that_is_not_closed_ends_with_its_line() -> None:
    text = 'curl https://a/b -H"Authorization: Bearer $T\n\nAnd so on.\n\ncurl https://c/d -H"x: y"'
    command = split_command(text, 0, Dialect.POSIX)
    assert [word.text for word in command.words] == ["curl", "https://a/b", "-HAuthorization: Bearer $T"]
    assert text[command.end :].startswith("\n\nAnd")
    assert "not closed" in command.notes[0]


def test_json_with_a_blank_line_in_it_is_one_word() -> None:
    assert split("curl -d '{\n\n\"a\": 1}' x") == ["curl", "-d", '{\n\n"a": 1}', "x"]


def test_curly_quotation_marks_are_taken_for_straight_ones() -> None:
    for dialect in Dialect:
        command = split_command("curl -H \u201cA: b c\u201d x", 0, dialect)
        assert [word.text for word in command.words] == ["curl", "-H", "A: b c", "x"]
        assert "curly" in command.notes[0]


def test_only_a_variable_in_single_quotes_is_verbatim() -> None:
    command = split_command("curl '$A' \"$B\" $C 'd' '$1'", 0, Dialect.POSIX)
    assert [word.has_verbatim_variable for word in command.words] == [False, True, False, False, False, False]


@pytest.mark.parametrize(
    ("text", "dialect"),
    [
        ("curl -X PATCH \\\n -d 'x'", Dialect.POSIX),
        ("curl -X PATCH 'https://a/%2Fb%3D%3D'", Dialect.POSIX),
        ("C:\\Users\\a b>curl -d '{}'", Dialect.CMD),
        ("PS C:\\> curl.exe -d '{}'", Dialect.POWERSHELL),
        ("curl -X PATCH ^\n -d x", Dialect.CMD),
        ('curl ^"https://a^"', Dialect.CMD),
        ("curl -X PATCH `\n -d x", Dialect.POWERSHELL),
        ('curl.exe -H "Authorization: Bearer $env:T"', Dialect.POWERSHELL),
        ('curl -H "Authorization: Bearer %TOKEN%"', Dialect.CMD),
        ("user@host:~$ curl a", Dialect.POSIX),
    ],
)
def test_the_dialect_is_told(text: str, dialect: Dialect) -> None:
    assert dialect_of(text, text.index("curl")) is dialect


def test_a_command_is_read_up_to_a_limit() -> None:
    command = split_command("curl -d '" + "a" * LONGEST_COMMAND + "' x", 0, Dialect.POSIX)
    assert command.end == LONGEST_COMMAND
    assert any(f"{LONGEST_COMMAND:,}" in note for note in command.notes)
