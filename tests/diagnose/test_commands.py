from __future__ import annotations

import pytest

from zoomcall.usecases.pasted.commands import read_commands
from zoomcall.usecases.pasted.pieces import PastedRequest

URL = "https://api.zoom.us/v2/videosdk/sessions/abc/events"


def read(text: str, files: dict[str, bytes] | None = None) -> PastedRequest:
    def read_file(name: str) -> bytes:
        if files is None or name not in files:
            raise FileNotFoundError(2, "No such file or directory")
        return files[name]

    [request] = read_commands(text, None if files is None else read_file)
    return request


@pytest.mark.parametrize(
    ("options", "method", "body"),
    [
        ("", "GET", ""),
        ("-X PATCH", "PATCH", ""),
        ("-XPATCH", "PATCH", ""),
        ("-X=PATCH", "PATCH", ""),
        ("-sSLXpatch", "PATCH", ""),
        ("--request PATCH", "PATCH", ""),
        ("--request=PATCH", "PATCH", ""),
        ("-d a=1", "POST", "a=1"),
        ("-da=1 -d b=2", "POST", "a=1&b=2"),
        ("--data a=1 -X PUT", "PUT", "a=1"),
        ("--data-raw @x", "POST", "@x"),
        ("--data-binary '{}'", "POST", "{}"),
        ("--data-ascii x", "POST", "x"),
        ("--data-urlencode 'a=b c/d'", "POST", "a=b+c%2Fd"),
        ("--data-urlencode '=b c'", "POST", "b+c"),
        ("--data-urlencode 'b c'", "POST", "b+c"),
        ("--json '{}'", "POST", "{}"),
        ("--json '{' --json '}'", "POST", "{&}"),
        ("-I", "HEAD", ""),
        ("-G -d a=1", "GET", ""),
        ("-T file", "PUT", None),
        ("-F a=b", "POST", None),
        ("-d @file", "POST", None),
        ("-d @-", "POST", None),
        ("-sS -o out -w '%{http_code}' -m 10 --retry 3 -k -X PATCH", "PATCH", ""),
        ("--unheard-of -X PATCH", "PATCH", ""),
    ],
)
def test_method_and_body(options: str, method: str, body: str | None) -> None:
    request = read(f"curl {options} {URL}")
    assert (request.method, request.url.partition("?")[0], request.body) == (method, URL, body)


def test_get_puts_the_data_behind_the_url() -> None:
    assert read(f"curl -G -d a=1 --data-urlencode 'b=2 3' '{URL}?c=4'").url == f"{URL}?c=4&a=1&b=2+3"


@pytest.mark.parametrize(
    ("options", "name", "value"),
    [
        ("-H 'A: b c'", "a", "b c"),
        ("-H'A:b'", "a", "b"),
        ('--header "A:  b "', "a", "b"),
        ("-H 'A;'", "a", ""),
        ("-H 'A:'", "a", None),
        ("-H 'A'", "a", None),
        ("-d x", "content-type", "application/x-www-form-urlencoded"),
        ("-d x -H 'content-type: text/plain'", "content-type", "text/plain"),
        ("-d x -H 'Content-Type:'", "content-type", None),
        ("--json x", "content-type", "application/json"),
        ("--json x -H 'Content-Type: a/b'", "content-type", "a/b"),
        ("-F a=b", "content-type", "multipart/form-data"),
        ("-G -d x", "content-type", None),
        ("--oauth2-bearer T", "authorization", "Bearer T"),
        ("--oauth2-bearer T -H 'Authorization: x'", "authorization", "x"),
        ("-b a=b", "cookie", "a=b"),
    ],
)
def test_headers(options: str, name: str, value: str | None) -> None:
    assert read(f"curl {options} {URL}").header(name) == value


@pytest.mark.parametrize("options", ["-H @-", "-H @headers.txt", "-n", "-K config", "-H '$AUTH'", "-H '{{auth}}'"])
def test_headers_that_are_elsewhere_may_hold_anything(options: str) -> None:
    request = read(f"curl {options} {URL}")
    assert not request.is_whole
    assert request.not_understood


def test_the_user_is_kept_for_basic_authentication() -> None:
    assert read(f"curl -u id:secret {URL}").basic == "id:secret"
    assert read(f"curl -uid:secret {URL}").basic == "id:secret"
    assert (read(f"curl --user id {URL}").basic or "").startswith("id:{")


def test_files_are_read_only_if_that_is_allowed() -> None:
    files = {"body.json": b'{"a":\n1}\n'}
    assert read(f"curl -d @body.json {URL}").body is None
    assert read(f"curl -d @body.json {URL}", files).body == '{"a":1}'
    assert read(f"curl --data-binary @body.json {URL}", files).body == '{"a":\n1}\n'
    assert read(f"curl --json @body.json {URL}", files).body == '{"a":\n1}\n'
    assert read(f"curl --data-urlencode a@body.json {URL}", files).body == "a=%7B%22a%22%3A%0A1%7D%0A"
    missing = read(f"curl -d @other.json {URL}", files)
    assert missing.body is None
    assert "No such file" in missing.not_understood[0]


def test_the_url_may_stand_anywhere() -> None:
    assert read(f"curl --url {URL} -X PATCH").url == URL
    assert read(f"curl -X PATCH {URL} -d x").url == URL
    assert read(f"curl -- {URL}").url == URL
    assert read("curl -X PATCH $BASE/videosdk/sessions/x/events").url == "$BASE/videosdk/sessions/x/events"
    several = read(f"curl https://example.com {URL}")
    assert several.url == URL
    assert several.not_understood


def test_what_follows_next_is_another_request() -> None:
    request = read(f"curl {URL} --next -X PATCH https://other.example/")
    assert (request.method, request.url) == ("GET", URL)
    assert "--next" in request.not_understood[0]


@pytest.mark.parametrize(
    "text",
    [
        "I use curl.",
        "with curl: it fails",
        "curl is a tool to call things",
        "/usr/bin/curly https://a/b",
        "libcurl x",
    ],
)
def test_prose_about_curl_is_no_command(text: str) -> None:
    assert list(read_commands(text, None)) == []


def test_every_command_of_a_post_is_read() -> None:
    text = f"First:\n$ curl {URL}\nthen:\n# curl -X PATCH {URL} \\\n -d x\nand `curl -I {URL}`."
    assert [request.method for request in read_commands(text, None)] == ["GET", "PATCH", "HEAD"]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (f"curl -d @- {URL} <<EOF\n{{}}\nEOF\n", "{}"),
        (f"curl -d @- {URL} <<-'END' | jq .\n\t{{}}\n\tEND\nmore", "\t{}"),
        (f"cat <<EOF | curl --data-binary @- {URL}\n{{\n}}\nEOF", "{\n}"),
        (f"curl {URL} --json @- <<< '{{}}'", "{}"),
        (f'B={{}}\ncurl {URL} --json @- <<<"$B"', "{}"),
        (f"echo '{{}}' | curl -d @- {URL}", "{}"),
        (f"printf '%s' '{{}}' | \\\n  curl -d @- {URL}", "{}"),
        (f"jq -n '{{}}' | curl -d @- {URL}", None),
        (f"curl -d @- {URL} <<EOF\n{{}}\n", None),
        (f"curl -d @- {URL} < body.json", None),
    ],
)
def test_the_body_that_a_script_gives_on_standard_input(text: str, body: str | None) -> None:
    assert read(text).body == body


@pytest.mark.parametrize(
    ("text", "body"),
    [
        (f"B='{{}}'\ncurl -d $B {URL}", "{}"),
        (f'export B="{{\\"a\\":1}}"\n$ curl -d "${{B}}" {URL}', '{"a":1}'),
        (f'A=1\nB="$A 2"\ncurl -d "$B" {URL}', "1 2"),
        (f"B=$(cat <<'EOF'\n{{}}\nEOF\n)\ncurl -d \"$B\" {URL}", "{}"),
        (f'B=$(make body)\ncurl -d "$B" {URL}', "$B"),
        (f'B=`make body`\ncurl -d "$B" {URL}', "$B"),
        (f"B='{{}}'\ncurl -d '$B' {URL}", "$B"),
        (f"curl -d \"$B\" {URL}\nB='{{}}'", "$B"),
        (f'set B={{}}\ncurl -d "%B%" -H "Authorization: Bearer %T%" {URL}', "{}"),
        (f"$b = @'\n{{}}\n'@\ncurl.exe -d $B {URL} `\n  -X PATCH", "{}"),
    ],
)
def test_a_variable_that_the_script_sets_is_filled_in_where_a_shell_would(text: str, body: str) -> None:
    assert read(text).body == body
