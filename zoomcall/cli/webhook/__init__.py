"""``zoomcall webhook``: receive, verify and replay Zoom's signed events."""
