"""How much nonsense a daemon of its own takes in the tests of floods; FLOOD=20000 makes it that much (`make fuzz`)."""

import os

FLOOD = int(os.environ.get("FLOOD", "6000"))
"""Datagrams, or segments of TCP."""
