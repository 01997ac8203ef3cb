"""``zoomcall room``: the address book."""

import typer

from zoomcall.cli.room import book, sync

app = typer.Typer(help="Keep rooms in an address book, to ring them by name.")
for each in (book, sync):
    app.add_typer(each.app)
