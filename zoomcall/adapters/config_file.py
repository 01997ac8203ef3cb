"""Reads ``config.toml``: profiles and which of them is current."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import STORED_KINDS, Config, Profile, Store, parse_profile_name
from zoomcall.domain.secret_text import parse_key
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import CorruptConfig, NotConfigured, UsageError
from zoomcall.own_files import open_own

FILE_NAME = "config.toml"
_LARGEST = 10_000_000


class ConfigFile:
    """The file, read again on each call; it need not exist.

    Args:
        path: The file's path.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> Config:
        """Read the file.

        Raises:
            NotConfigured: It cannot be read, is not TOML, or is not laid out as profiles are.
        """
        return parse_config(read_text(self.path), place=str(self.path))


def read_text(path: Path) -> str:
    """Return the file's text; empty if there is no file.

    Raises:
        NotConfigured: It cannot be read, or is not UTF-8.
    """
    try:
        with os.fdopen(open_own(path, os.O_RDONLY, is_link_allowed=True), "rb") as file:
            data = file.read(_LARGEST + 1)
    except FileNotFoundError:
        return ""
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise NotConfigured(
            f"{path} cannot be read: {reason}", fix="Make it readable, or set ZOOMCALL_CONFIG_DIR."
        ) from error
    if len(data) > _LARGEST:
        raise _corrupt(str(path), f"it is larger than {_LARGEST:,} bytes")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise _corrupt(str(path), f"line {line} is not UTF-8 text") from error


def parse_config(text: str, *, place: str) -> Config:
    """Parse the text of a configuration file; unknown keys are ignored.

    Args:
        text: TOML.
        place: The file, for messages.

    Raises:
        NotConfigured: It is not TOML (the message names the line), or ``current`` or ``profiles`` has a wrong type.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _corrupt(place, _with_line(str(error), text)) from error
    except (ValueError, RecursionError) as error:  # numbers and nesting beyond Python's own limits
        raise _corrupt(place, f"a value is too long or nested too deep ({type(error).__name__})") from error
    current = document.get("current")
    if current is not None and not isinstance(current, str):
        raise _corrupt(place, f"current must be text, not {_type_word(current)}")
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        raise _corrupt(place, f"profiles must be a table, not {_type_word(tables)}")
    profiles: dict[str, Profile] = {}
    broken: dict[str, str] = {}
    for name, table in tables.items():
        try:
            profiles[name] = _profile(name, table)
        except _Misfit as error:
            broken[name] = str(error)
        except UsageError as error:
            broken[name] = error.message
    return Config(current=current, profiles=profiles, broken=broken, place=place)


class _Misfit(Exception):
    """A profile's table is not laid out as this version expects."""


class _Table(Struct, frozen=True):
    """One profile's table, read key by key."""

    path: str
    values: Mapping[str, object]

    def text(self, key: str) -> str | None:
        """Return a text; None if it is missing or empty."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, str):
            raise _Misfit(f"{self.path}.{key} must be text, not {_type_word(value)}")
        return value or None

    def needed(self, key: str) -> str:
        """Return a text that is required."""
        text = self.text(key)
        if text is None:
            raise _Misfit(f"{self.path}.{key} is missing")
        return text

    def word(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """Return a text that must be one of the allowed words."""
        text = self.needed(key) if default is None else self.text(key) or default
        if text not in allowed:
            raise _Misfit(f"{self.path}.{key} must be one of {', '.join(allowed)}, not {quoted(text)}")
        return text


def _profile(name: str, values: object) -> Profile:
    parse_profile_name(name, origin="profiles")
    path = f"profiles.{name}"
    if not isinstance(values, dict):
        raise _Misfit(f"{path} must be a table, not {_type_word(values)}")
    table = _Table(path, values)
    kind = CredentialKind(table.word("kind", STORED_KINDS))
    keys = {key: parse_key(table.needed(key), name=f"{path}.{key}") for key in kind.keys}
    subscription = table.text("websocket_subscription_id")
    return Profile(
        name=name,
        kind=kind,
        store=Store(table.word("store", tuple(Store), Store.KEYRING)),
        **keys,
        keyring_backend=table.text("keyring_backend"),
        secret_check=table.text("secret_check"),
        api_base=table.text("api_base"),
        oauth_base=table.text("oauth_base"),
        api=Api(table.word("for", tuple(Api))) if table.text("for") else None,
        websocket_subscription_id=subscription
        and parse_key(subscription, name=f"{path}.websocket_subscription_id"),
    )


def _corrupt(place: str, what: str) -> CorruptConfig:
    return CorruptConfig(f"{place} cannot be used: {what}", fix="Fix the file by hand; it was not changed.")


def _with_line(message: str, text: str) -> str:
    """Return a parser's message, with a line number added if it has none."""
    if re.search(r"line \d+", message):
        return message
    line = text.rstrip("\n").count("\n") + 1
    return f"{message} (line {line})"


def _type_word(value: object) -> str:
    match value:
        case bool():
            return "true or false"
        case str():
            return "text"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case dict():
            return "a table"
        case _:
            return "a date or time"
