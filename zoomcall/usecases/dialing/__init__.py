"""Ring rooms: look around, send one PATCH a call, and watch for what proves the outcome."""
