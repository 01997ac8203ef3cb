"""Reads ``config.toml``: profiles and which of them is current."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from zoomcall.adapters.toml_file import corrupt, parse_toml, read_text, type_word
from zoomcall.domain.credential import CredentialKind
from zoomcall.domain.profile import STORED_KINDS, Config, Profile, Store, parse_profile_name
from zoomcall.domain.secret_text import parse_key
from zoomcall.domain.shown_text import quoted
from zoomcall.domain.target import Api
from zoomcall.errors import UsageError

FILE_NAME = "config.toml"
READABLE = "Make it readable, or set ZOOMCALL_CONFIG_DIR."


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
        return parse_config(read_text(self.path, fix=READABLE), place=str(self.path))


def parse_config(text: str, *, place: str) -> Config:
    """Parse the text of a configuration file; unknown keys are ignored.

    Args:
        text: TOML.
        place: The file, for messages.

    Raises:
        NotConfigured: It is not TOML (the message names the line), or ``current`` or ``profiles`` has a wrong type.
    """
    document = parse_toml(text, place=place)
    current = document.get("current")
    if current is not None and not isinstance(current, str):
        raise corrupt(place, f"current must be text, not {type_word(current)}")
    tables = document.get("profiles", {})
    if not isinstance(tables, dict):
        raise corrupt(place, f"profiles must be a table, not {type_word(tables)}")
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
            raise _Misfit(f"{self.path}.{key} must be text, not {type_word(value)}")
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
        raise _Misfit(f"{path} must be a table, not {type_word(values)}")
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
