"""Completion as static shell functions: no Python starts when a key is pressed."""
