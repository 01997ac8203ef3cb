"""Edits ``config.toml`` without losing the user's comments, order and unknown keys (tomlkit)."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, MutableMapping
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from pathlib import Path

import tomlkit
from msgspec.structs import replace
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import Whitespace

from zoomcall.adapters.config_file import READABLE, ConfigFile, parse_config
from zoomcall.adapters.secret_files import SecretFiles
from zoomcall.adapters.toml_file import read_text, writing
from zoomcall.adapters.toml_lines import Document, body_of, cut_tail
from zoomcall.domain.profile import STORED_KINDS, Config, Profile
from zoomcall.errors import NotConfigured
from zoomcall.own_files import locked, refuse_odd, replace_file, sweep

_LOCK_LIMIT = timedelta(seconds=10)
_WRITABLE = "Make the folder writable, or set ZOOMCALL_CONFIG_DIR."
_HEADER = "# zoomcall's profiles, without their secrets. Your own comments and keys are kept."


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
            with writing(self.path, fix=_WRITABLE):
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
        with self.editing(), writing(self.path, fix=_WRITABLE):
            text = read_text(self.path, fix=READABLE)
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
    tail = cut_tail(table)
    for key, value in _values(profile).items():
        if value:
            if table.get(key) != value:
                table[key] = value
        else:
            table.pop(key, None)
    body_of(table).extend(tail)


def _remove(document: Document, name: str) -> None:
    """Remove a profile wherever it is, but keep its last lines where they are comments on what follows."""
    parts = [item for key, item in body_of(document) if key is not None and key.key == "profiles"]
    for body in map(body_of, parts):
        for index, (key, item) in enumerate(body):
            if key is not None and key.key == name:
                remark = "".join(line.as_string() for _, line in cut_tail(item)).lstrip()
                body[index] = (None, Whitespace(remark))
    if not any(map(body_of, parts)):
        del document["profiles"][name]


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
