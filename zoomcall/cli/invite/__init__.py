"""``zoomcall invite``: ring rooms and report what became of the calls."""
