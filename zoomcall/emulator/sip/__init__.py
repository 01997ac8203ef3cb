"""SIP over loopback, on aiosipua: the leg that rings a room, and a room to be rung."""
