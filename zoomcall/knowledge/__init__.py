"""What is known of Zoom's refusals, kept as data, and the engine that judges by it."""
