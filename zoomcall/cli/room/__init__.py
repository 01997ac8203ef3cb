"""``zoomcall room``: the address book."""
