"""The reports on a batch: pure functions from what became of its rows to text."""
