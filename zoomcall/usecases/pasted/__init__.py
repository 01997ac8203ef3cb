"""Reads requests and answers as people paste them; nothing in a paste is run, opened or sent."""
