"""Lines of a TOML document as tomlkit keeps them: whose a comment is when tables are edited."""

from __future__ import annotations

from collections.abc import MutableMapping
from typing import Any

from tomlkit.container import Container
from tomlkit.items import AoT, Comment, Item, Key, Null, Table, Whitespace

Document = MutableMapping[str, Any]
Body = list[tuple[Key | None, Item]]


def body_of(table: object) -> Body:
    """Return a table's lines as tomlkit keeps them, or an unattached list if it keeps none."""
    match table:
        case Container():
            return table.body
        case Table():
            return table.value.body
        case _:
            return []


def cut_tail(table: object) -> Body:
    """Remove and return the blank lines and comments after a table's last key.

    tomlkit assigns them to this table, or to the last one in it; a reader takes them for the heading of the next.
    """
    if isinstance(table, AoT):
        return cut_tail(table.body[-1])
    body = body_of(table)
    end = len(body)
    while end and isinstance(body[end - 1][1], Whitespace | Comment | Null):
        end -= 1
    tail = body[end:]
    del body[end:]
    return [*cut_tail(body[-1][1]), *tail] if body else tail
