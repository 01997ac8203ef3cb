"""What is known about Zoom's refusals, kept as data, and the engine that judges by it."""
