"""Real processes that are killed, stopped and cut off, and what may be lost by that: nothing."""
