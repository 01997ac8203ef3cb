"""JSON Schema of every JSON output, derived from its type: one envelope, and a result for each command."""
