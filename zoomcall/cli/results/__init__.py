"""What every command answers as JSON (contract 3): types, from which ``schemas/`` derives the JSON Schemas."""
