"""``zoomcall webhook``: receive, verify and replay Zoom's signed events."""

import typer

from zoomcall.cli.webhook import replay, secret, serve, verify

app = typer.Typer(help="Receive, verify and replay Zoom's signed events.")
for each in (serve, verify, replay):
    app.add_typer(each.app)
app.add_typer(secret.app, name="secret")
