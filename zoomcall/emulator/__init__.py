"""A local Zoom on loopback."""
