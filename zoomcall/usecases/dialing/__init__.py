"""Ring rooms: preflight, one PATCH per call, then a watch for evidence of the outcome."""
