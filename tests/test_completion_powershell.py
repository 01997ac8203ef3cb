"""Completion for PowerShell, by its text: few machines that run the tests have that shell."""

import re

from shell import Shell

from zoomcall.cli.completions.tree import Node, read_tree

TABLE = re.compile(r"^    \$(\w+) = @\{\n(.*?)^    \}\n", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"        '((?:[^']|'')*)' = @\(((?:'(?:[^']|'')*'(?:, )?)*)\)")
ITEM = re.compile(r"'((?:[^']|'')*)'")


def tables(zoomcall: Shell) -> dict[str, dict[str, list[str]]]:
    script = zoomcall("completion", "powershell").stdout
    found = {}
    for name, text in TABLE.findall(script):
        rows = [ROW.fullmatch(line) for line in text.splitlines()]
        assert all(rows), name
        found[name] = {
            row[1]: [item.replace("''", "'") for item in ITEM.findall(row[2])] for row in rows if row is not None
        }
        assert len(found[name]) == len(rows), name
    return found


def nodes() -> list[Node]:
    return list(read_tree().walk())


def at(node: Node) -> str:
    return "".join(f"/{word}" for word in node.path)


def test_every_command_and_flag_is_offered_with_its_summary(zoomcall: Shell) -> None:
    found = tables(zoomcall)
    for node in nodes():
        assert found["children"].get(at(node), []) == [f"{child.name}: {child.summary}" for child in node.children]
        assert found["flags"][at(node)] == [f"{name}: {flag.summary}" for flag in node.flags for name in flag.names]


def test_values_profiles_and_names_of_rooms_are_offered(zoomcall: Shell) -> None:
    found = tables(zoomcall)
    assert found["values"]["/auth/login --kind"][:3] == ["words", "videosdk", "s2s"]
    assert found["values"]["/whoami -p"] == ["profiles"]
    assert found["places"]["/invite/room 0"] == ["rooms"]
    assert found["places"]["/invite/sip 0"] == ["rooms-by-at"]
    assert found["places"]["/completion 0"] == ["words", "bash", "zsh", "fish", "powershell"]


def test_no_table_has_a_key_twice_for_a_shell_without_regard_to_case(zoomcall: Shell) -> None:
    for name, rows in tables(zoomcall).items():
        assert len({key.lower() for key in rows}) == len(rows), name


def test_quotation_marks_and_brackets_are_closed(zoomcall: Shell) -> None:
    script = zoomcall("completion", "powershell").stdout
    assert script.isascii()
    for line in script.splitlines():
        if not line.startswith("#"):
            assert re.sub(r'"[^"]*"', "", line).count("'") % 2 == 0 or line.count("'") % 2 == 0, line
    bare = re.sub(r"'(?:[^']|'')*'|\"[^\"]*\"|^#.*$", "", script, flags=re.MULTILINE)
    for opening, closing in ("()", "{}", "[]"):
        assert bare.count(opening) == bare.count(closing), opening


def test_it_starts_no_program(zoomcall: Shell) -> None:
    code = TABLE.sub("", zoomcall("completion", "powershell").stdout)
    assert not re.search(r"python|& |Start-Process|Invoke-Expression|zoomcall (?!completion)\w", code)
