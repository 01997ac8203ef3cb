"""The torture harness: faults at every system call, kills, crowds, stepping clocks, and what must hold then."""
