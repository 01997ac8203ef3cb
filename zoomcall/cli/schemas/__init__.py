"""JSON Schema of every JSON output: one envelope, and a result for each command."""
