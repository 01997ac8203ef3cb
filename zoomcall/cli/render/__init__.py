"""How answers and errors look, for a person and for a program."""
