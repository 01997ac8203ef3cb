"""What a first version of such a program looks like: everything is imported at the top. For ``bench/peers.py``."""

import os
import time

import httpx
import jwt
import keyring  # noqa: F401 - a first version has it at the top, too
import typer
from rich.console import Console

app = typer.Typer()
console = Console(stderr=True)


def token() -> str:
    """Return an API JWT."""
    now = int(time.time())
    claims = {"iss": os.environ["ZOOMCALL_API_KEY"], "iat": now - 30, "exp": now + 600}
    return jwt.encode(claims, os.environ["ZOOMCALL_API_SECRET"], algorithm="HS256")


@app.command()
def mint() -> None:
    """Print a token."""
    print(token())


@app.command()
def ring(url: str) -> None:
    """Send one callout."""
    body = {"method": "user.invite.room_system_callout", "params": {"device_ip": "room@example.com"}}
    answer = httpx.patch(url, json=body, headers={"Authorization": f"Bearer {token()}"})
    console.print(answer.raise_for_status().status_code)


if __name__ == "__main__":
    app()
