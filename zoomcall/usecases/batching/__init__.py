"""Rings many rooms at the account's rate."""
