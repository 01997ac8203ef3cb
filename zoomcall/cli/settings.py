"""The environment variables for defaults, folders and limits (contract 5)."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from msgspec import Struct

from zoomcall.domain.api_base import ApiBase, parse_base
from zoomcall.domain.duration import parse_duration
from zoomcall.domain.secret_text import parse_key, refuse_surplus
from zoomcall.domain.shown_text import quoted
from zoomcall.errors import UsageError

LONGEST_TIMEOUT = timedelta(days=1)
_TRUE = {"1", "true", "yes", "on"}
_ONE_WORD = frozenset(
    f"ZOOMCALL_{name}"
    for name in ("API_BASE", "OAUTH_BASE", "ALLOW_API_BASE", "KEYRING_TIMEOUT", "NO_INPUT", "PROFILE", "TIMEOUT")
)
"""Variables whose values never contain quotation marks, a comment or a placeholder."""
_FALSE = {"0", "false", "no", "off"}


class Settings(Struct, frozen=True, kw_only=True):
    """What the environment sets, checked; None or False for what it does not set.

    ``zoomcall.usecases.resolving`` reads the credentials' variables. An invite reads the target's variables
    only if it has no target flag.
    """

    environ: Mapping[str, str]
    output: str | None = None
    timeout: timedelta | None = None
    profile: str | None = None
    api_base: ApiBase | None = None
    oauth_base: ApiBase | None = None
    config_dir: Path | None = None
    state_dir: Path | None = None
    book: Path | None = None
    keyring_timeout: timedelta | None = None
    is_input_off: bool = False
    websocket_subscription_id: str | None = None

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Settings:
        """Read the variables; an empty one counts as unset.

        Raises:
            UsageError: A value is invalid.
        """
        given = {name: value for name, value in environ.items() if value}
        for name in _ONE_WORD & given.keys():
            refuse_surplus(given[name], name, may_have_blanks=True)
        is_any_host_allowed = _flag(given, "ZOOMCALL_ALLOW_API_BASE")

        def base(name: str) -> ApiBase | None:
            text = given.get(name)
            return (text and parse_base(text, variable=name, is_any_host_allowed=is_any_host_allowed)) or None

        def duration(name: str) -> timedelta | None:
            return parse_duration(given[name], name=name, longest=LONGEST_TIMEOUT) if name in given else None

        subscription = given.get("ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID")
        return cls(
            environ=given,
            output=given.get("ZOOMCALL_OUTPUT", "").strip().lower() or None,
            timeout=duration("ZOOMCALL_TIMEOUT"),
            profile=given.get("ZOOMCALL_PROFILE"),
            api_base=base("ZOOMCALL_API_BASE"),
            oauth_base=base("ZOOMCALL_OAUTH_BASE"),
            config_dir=_path(given, "ZOOMCALL_CONFIG_DIR"),
            state_dir=_path(given, "ZOOMCALL_STATE_DIR"),
            book=_path(given, "ZOOMCALL_BOOK"),
            keyring_timeout=duration("ZOOMCALL_KEYRING_TIMEOUT"),
            is_input_off=_flag(given, "ZOOMCALL_NO_INPUT"),
            websocket_subscription_id=subscription
            and parse_key(subscription, name="ZOOMCALL_WEBSOCKET_SUBSCRIPTION_ID"),
        )


def _path(given: Mapping[str, str], name: str) -> Path | None:
    text = given.get(name)
    if text and sys.platform == "win32":
        text = text.strip('"')  # which cmd's `set NAME="value"` keeps, and no path has
    if text and "\0" in text:
        raise UsageError(f"{name} contains a NUL character")
    try:
        return Path(text).expanduser() if text else None
    except RuntimeError as error:
        raise UsageError(f"{name}: no home folder for {text!r}") from error


def _flag(given: Mapping[str, str], name: str) -> bool:
    text = given.get(name, "").lower()
    if not text or text in _FALSE:
        return False
    if text in _TRUE:
        return True
    raise UsageError(f"{name} must be 1 or 0, not {quoted(given[name])}", fix=f"Set {name}=1, or unset it.")
