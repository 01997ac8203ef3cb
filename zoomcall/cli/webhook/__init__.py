"""``zoomcall webhook``: receive, verify and replay Zoom's signed events."""

import typer

app = typer.Typer(help="Receive, verify and replay Zoom's signed events.")
