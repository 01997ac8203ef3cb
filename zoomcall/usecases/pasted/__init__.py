"""Requests and answers as people write them down: texts in, values out; nothing is run, opened or reached."""
