"""Signs a user in: with the browser on this machine (RFC 8252), or with any other device (RFC 8628)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol

from zoomcall.domain.answer import ZoomRefused
from zoomcall.domain.secret import Secret
from zoomcall.domain.shown_text import one_line, shown_value
from zoomcall.domain.sign_in import DeviceCode, Page, Proof, UserApp, UserTokens
from zoomcall.errors import NotConfigured, SignInFailed

PATIENCE = timedelta(minutes=5)
_SLOWER_SECONDS = 5.0


class Listener(Protocol):
    """Waits for the browser to come back."""

    @property
    def redirect_uri(self) -> str:
        """Where the browser is sent back to."""

    def wait(self, limit: timedelta) -> Mapping[str, str] | None:
        """Return what the browser brought; None if it did not come in time; raise ``OSError`` if none can come."""

    def show(self, page: Page) -> None:
        """Answer the browser."""


class SignInEndpoints(Protocol):
    """Zoom's part in it."""

    def sign_in_address(self, app: UserApp, *, redirect_uri: str, proof: Proof) -> str:
        """Return the page on which the user allows the app."""

    def exchange(self, app: UserApp, *, code: Secret, redirect_uri: str, proof: Proof) -> UserTokens:
        """Exchange a code for tokens."""

    def ask_device_code(self, app: UserApp) -> DeviceCode:
        """Get a code to be confirmed on another machine."""

    def poll_device(self, app: UserApp, asked: DeviceCode) -> UserTokens:
        """Get the tokens if the user has confirmed the code."""


def sign_in_with_browser(
    app: UserApp,
    *,
    zoom: SignInEndpoints,
    listener: Listener,
    send_to: Callable[[str], None],
    proof: Proof,
    again: str,
) -> UserTokens:
    """Send the user to Zoom's page, and wait for the browser to come back with a code.

    Args:
        app: The app.
        zoom: Zoom.
        listener: Already listening.
        send_to: Opens an address in the browser, or shows it.
        proof: Drawn for this sign-in alone.
        again: The command line that starts over.

    Raises:
        SignInFailed: The user denied it, or the browser came back from another sign-in.
        NotConfigured: Nobody came back in time, or could not be heard.
        ZoomRefused: Zoom refused the code.
        NetworkFault: Zoom did not answer.
    """
    send_to(zoom.sign_in_address(app, redirect_uri=listener.redirect_uri, proof=proof))
    try:
        brought = listener.wait(PATIENCE)
    except OSError as error:
        what = f"the browser can no longer be listened for: {error.strerror or error}"
        raise NotConfigured(what, fix="Begin again.", command=again) from error
    if brought is None:
        minutes = int(PATIENCE.total_seconds() // 60)
        raise NotConfigured(f"nobody signed in within {minutes} minutes", fix="Begin again.", command=again)
    if Secret(brought.get("state", "")) != proof.state:
        listener.show(Page.STRANGE)
        raise SignInFailed("the browser came back from another sign-in", cause="state-mismatch", command=again)
    code = brought.get("code")
    if not code:
        listener.show(Page.DENIED)
        raise SignInFailed(_denial(brought), cause="sign-in-denied", command=again)
    try:
        tokens = zoom.exchange(app, code=Secret(code), redirect_uri=listener.redirect_uri, proof=proof)
    except BaseException:
        listener.show(Page.REFUSED)
        raise
    listener.show(Page.SIGNED_IN)
    return tokens


def _denial(brought: Mapping[str, str]) -> str:
    error = brought.get("error", "no code")
    words = brought.get("error_description")
    return f"the sign-in was denied ({shown_value(error)}{f': {one_line(words)}' if words else ''})"


def sign_in_on_device(
    app: UserApp,
    *,
    zoom: SignInEndpoints,
    show: Callable[[DeviceCode], None],
    now: Callable[[], datetime],
    sleep: Callable[[float], None],
    again: str,
) -> UserTokens:
    """Show a code that the user confirms on another machine, and look until it is.

    Args:
        app: The app.
        zoom: Zoom.
        show: Shows the code and its address.
        now: The clock.
        sleep: Waits for a number of seconds.
        again: The command line that starts over.

    Raises:
        SignInFailed: The user denied it.
        NotConfigured: Nobody confirmed the code in time.
        ZoomRefused: Zoom refused the app.
        NetworkFault: Zoom did not answer.
    """
    asked = zoom.ask_device_code(app)
    deadline, interval = now() + timedelta(seconds=asked.seconds), asked.interval
    show(asked)
    while now() + timedelta(seconds=interval) < deadline:
        sleep(interval)
        try:
            return zoom.poll_device(app, asked)
        except ZoomRefused as refusal:
            match refusal.answer.code:
                case "authorization_pending":
                    continue
                case "slow_down":
                    interval += _SLOWER_SECONDS
                case "access_denied":
                    raise SignInFailed("the sign-in was denied", cause="sign-in-denied", command=again) from refusal
                case "expired_token":
                    break
                case _:
                    raise
    raise NotConfigured("nobody confirmed the code in time", fix="Begin again.", command=again)
