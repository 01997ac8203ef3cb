"""One foreign library a module."""
