"""One foreign library per module."""
