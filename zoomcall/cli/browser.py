"""The terminal's part in a sign-in with the browser: it sends the user to Zoom's page and waits."""

from __future__ import annotations

import contextlib
import os
import secrets
import shlex
import sys
import threading
import time

from msgspec import Struct

from zoomcall.cli.page import Line, Tone
from zoomcall.cli.run import Run
from zoomcall.domain.profile import Profile
from zoomcall.domain.secret import Secret
from zoomcall.domain.sign_in import DEFAULT_PATH, DeviceCode, Proof, UserApp

_RANDOM_BYTES = 32
_STDERR = 2
_OPENS_WINDOWS = sys.platform in {"win32", "darwin"}


class Way(Struct, frozen=True, kw_only=True):
    """How the user signs in.

    Attributes:
        path: The redirect's path.
        port: The redirect's port; 0 picks a free one.
        is_browserless: Whether no browser is to be opened.
        is_on_device: Whether the user confirms a code on another device.
    """

    path: str = DEFAULT_PATH
    port: int = 0
    is_browserless: bool = False
    is_on_device: bool = False


def signed_in(run: Run, profile: Profile, client_secret: Secret | None, way: Way) -> Secret:
    """Let a user sign in, and return the tokens as they are stored.

    Args:
        run: The run.
        profile: The profile to sign in to.
        client_secret: Of a confidential app.
        way: How.

    Raises:
        UsageError: The redirect's path or port cannot be used.
        ZoomcallError: What ``usecases.browser_sign_in`` raises.
    """
    from zoomcall.usecases.browser_sign_in import sign_in_on_device, sign_in_with_browser

    app, zoom = UserApp(profile.client_id, client_secret), run.wiring.oauth_of(profile)
    again = _line(profile, way, is_confidential=client_secret is not None)
    if way.is_on_device:
        tokens = sign_in_on_device(
            app,
            zoom=zoom,
            show=lambda asked: _show_code(run, asked),
            now=run.wiring.now,
            sleep=time.sleep,
            again=again,
        )
    else:
        with run.wiring.redirect_listener(way.path, way.port) as listener:
            tokens = sign_in_with_browser(
                app,
                zoom=zoom,
                listener=listener,
                send_to=lambda address: _send_to(run, address, listener.port, is_browserless=way.is_browserless),
                proof=Proof.draw(lambda: secrets.token_urlsafe(_RANDOM_BYTES)),
                again=again,
            )
    return tokens.as_item(profile.client_id)


def _line(profile: Profile, way: Way, *, is_confidential: bool) -> str:
    """Return the command that does the same again."""
    flags = {
        "--redirect-path": shlex.quote(way.path) if way.path != DEFAULT_PATH else "",
        "--port": str(way.port or ""),
        "--secret-file": "FILE" if is_confidential else "",
    }
    words = {"--no-browser": way.is_browserless, "--device": way.is_on_device}
    return " ".join(
        (
            profile.login_line,
            *(f"{name} {value}" for name, value in flags.items() if value),
            *(name for name, is_given in words.items() if is_given),
        )
    )


def _send_to(run: Run, address: str, port: int, *, is_browserless: bool) -> None:
    """Show Zoom's page; the answer goes to stdout, so this goes to stderr."""
    if is_browserless or not _has_screen():
        run.say(
            (
                Line("To sign in, open this address within 5 minutes:", Tone.TITLE),
                Line(address),
                Line(
                    f"With the browser on another machine, run there first: ssh -L {port}:127.0.0.1:{port} HOST",
                    Tone.DIM,
                ),
            )
        )
        return
    run.say((Line("The browser opens to sign you in. If it does not, open this address:"), Line(address)))
    threading.Thread(target=_open, args=(address,), name="browser", daemon=True).start()


def _has_screen() -> bool:
    """Return whether a browser would open in a window, and not take over the terminal."""
    if _OPENS_WINDOWS:
        return not os.environ.get("SSH_CONNECTION")  # the window would open in front of somebody else
    return any(os.environ.get(name) for name in ("BROWSER", "DISPLAY", "WAYLAND_DISPLAY"))


def _open(address: str) -> None:
    """Open a browser from a process of its own, since browsers talk on stdout, which is for the answer."""
    import subprocess  # slow to import, and nobody else needs it

    opening = "import sys, webbrowser; webbrowser.open(sys.argv[1])"
    command = [sys.executable, "-I", "-c", opening, address]
    with contextlib.suppress(OSError):
        subprocess.run(command, stdout=_STDERR, check=False)  # noqa: S603 - nothing of it is a shell's


def _show_code(run: Run, asked: DeviceCode) -> None:
    minutes = max(1, round(asked.seconds / 60))
    run.say(
        (
            Line(f"On any device, open this address within {minutes} minutes:", Tone.TITLE),
            Line(asked.address),
            Line(asked.user_code, label="code"),
        )
    )
