"""Edits ``config.toml`` without losing the user's comments, order and unknown keys (tomlkit)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import tomlkit
from msgspec.structs import replace
from tomlkit.container import Container
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Comment, Item, Key, Null, Table, Whitespace

from zoomcall.adapters.config_file import ConfigFile, parse_config, read_text
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.domain.profile import STORED_KINDS, Config, Profile
from zoomcall.errors import NotConfigured
from zoomcall.own_files import NotOwnFile, locked, refuse_odd, replace_file, sweep

_LOCK_LIMIT = timedelta(seconds=10)
_HEADER = "# zoomcall's profiles, without their secrets. Your own comments and keys are kept."

Document = MutableMapping[str, Any]
Body = list[tuple[Key | None, Item]]


class ConfigWriter(ConfigFile):
    """The file; each call makes one locked, atomic edit.

    Args:
        path: The file's path.
        lock_limit: How long to wait for another writer.
    """

    def __init__(self, path: Path, lock_limit: timedelta = _LOCK_LIMIT) -> None:
        super().__init__(path)
        self._lock_limit = lock_limit
        self._is_locked = False

    def put(self, profile: Profile) -> Config:
        """Add or replace a profile; it becomes current if no profile is.

        Raises:
            NotConfigured: The file cannot be read or written; it was not changed.
        """

        def edited(before: Config) -> Config:
            has_current = before.current in before.names
            return replace(
                before,
                current=before.current if has_current else profile.name,
                profiles={**before.profiles, profile.name: profile},
                broken={name: why for name, why in before.broken.items() if name != profile.name},
            )

        return self._edit(edited, lambda document: _put(document, profile))

    def remove(self, name: str) -> Config:
        """Remove a profile, and ``current`` if it was the current one.

        Raises:
            NotConfigured: The file cannot be read or written; it was not changed.
        """

        def edited(before: Config) -> Config:
            return replace(
                before,
                current=None if before.current == name else before.current,
                profiles={key: profile for key, profile in before.profiles.items() if key != name},
                broken={key: why for key, why in before.broken.items() if key != name},
            )

        return self._edit(edited, lambda document: _remove(document, name))

    def switch(self, name: str) -> Config:
        """Make a profile the current one.

        Raises:
            NotConfigured: There is no such profile, or the file cannot be read or written.
        """

        def edited(before: Config) -> Config:
            before.profile(name)
            return replace(before, current=name)

        return self._edit(edited, lambda _document: None)

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Keep every other writer away, for several edits or for what has to happen along with one.

        Raises:
            NotConfigured: Another writer held the lock for too long, or the file cannot be edited.
        """
        if self._is_locked:
            yield
            return
        with ExitStack() as stack:
            with self._translated():
                refuse_odd(self.path)
                stack.enter_context(locked(self.path.with_name(self.path.name + ".lock"), self._lock_limit))
                self._sweep()
            self._is_locked = True
            stack.callback(setattr, self, "_is_locked", False)  # noqa: FBT003 - setattr has no keywords
            yield

    def _sweep(self) -> None:
        """Remove what killed commands left, the secrets' files among it."""
        sweep(self.path.parent, re.escape(self.path.name))
        SecretFiles(self.path.parent).sweep()

    def _edit(self, edited: Callable[[Config], Config], change: Callable[[Document], None]) -> Config:
        place = str(self.path)
        with self.editing(), self._translated():
            text = read_text(self.path)
            before = parse_config(text, place=place)
            after = edited(before)
            if after != before:
                fresh = _rewritten(text, before, after, change)
                if fresh is None or parse_config(fresh, place=place) != after:
                    raise NotConfigured(
                        f"{place} is written in a way that cannot be edited safely; it was not changed",
                        fix="Write each profile as its own [profiles.NAME] table.",
                    )
                replace_file(self.path, fresh.encode())
            return after

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except TimeoutError as error:
            raise NotConfigured(
                f"another zoomcall has held the lock on {self.path} for too long",
                fix="Try again.",
            ) from error
        except OSError as error:
            is_odd = isinstance(error, NotOwnFile)
            raise NotConfigured(
                f"{error.filename if is_odd else self.path} cannot be written: {error.strerror or error}",
                fix=NotOwnFile.fix if is_odd else "Make the folder writable, or set ZOOMCALL_CONFIG_DIR.",
            ) from error


def _rewritten(text: str, before: Config, after: Config, change: Callable[[Document], None]) -> str | None:
    """Return the new text; None if tomlkit cannot make the edit."""
    try:
        document = tomlkit.parse(text or _HEADER + "\n\n")
        change(document)
        if after.current is None:
            document.pop("current", None)
        elif after.current != before.current:
            document["current"] = after.current
        return tomlkit.dumps(document)
    except (TOMLKitError, ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError):
        return None


def _put(document: Document, profile: Profile) -> None:
    tables = document.setdefault("profiles", tomlkit.table(is_super_table=True))
    if not isinstance(tables.get(profile.name), MutableMapping):
        tables[profile.name] = tomlkit.table()
    table = tables[profile.name]
    tail = _cut_tail(table)
    for key, value in _values(profile).items():
        if value:
            if table.get(key) != value:
                table[key] = value
        else:
            table.pop(key, None)
    _body(table).extend(tail)


def _remove(document: Document, name: str) -> None:
    """Remove a profile wherever it is, but keep its last lines where they are comments on what follows."""
    parts = [item for key, item in _body(document) if key is not None and key.key == "profiles"]
    for body in map(_body, parts):
        for index, (key, item) in enumerate(body):
            if key is not None and key.key == name:
                remark = "".join(line.as_string() for _, line in _cut_tail(item)).lstrip()
                body[index] = (None, Whitespace(remark))
    if not any(map(_body, parts)):
        del document["profiles"][name]


def _body(table: object) -> Body:
    """Return a table's lines as tomlkit keeps them, or an unattached list if it keeps none."""
    match table:
        case Container():
            return table.body
        case Table():
            return table.value.body
        case _:
            return []


def _cut_tail(table: object) -> Body:
    """Remove and return the blank lines and comments after a table's last key.

    tomlkit assigns them to this table, or to the last one in it; a reader takes them for the heading of the next.
    """
    if isinstance(table, AoT):
        return _cut_tail(table.body[-1])
    body = _body(table)
    end = len(body)
    while end and isinstance(body[end - 1][1], Whitespace | Comment | Null):
        end -= 1
    tail = body[end:]
    del body[end:]
    return [*_cut_tail(body[-1][1]), *tail] if body else tail


def _values(profile: Profile) -> dict[str, str | None]:
    """Return every key that this version knows, and None for those that the profile lacks."""
    return {
        "kind": profile.kind.value,
        **{key: getattr(profile, key) or None for kind in STORED_KINDS for key in kind.keys},
        "store": profile.store.value,
        "keyring_backend": profile.keyring_backend,
        "secret_check": profile.secret_check,
        "api_base": profile.api_base,
        "oauth_base": profile.oauth_base,
        "for": profile.api.value if profile.api else None,
        "websocket_subscription_id": profile.websocket_subscription_id,
    }
