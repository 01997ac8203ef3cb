"""What ``room check`` does: finds where a room is by DNS, and what answers there, without ringing it."""
