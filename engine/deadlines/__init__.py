"""Deadlines in life: firing, escalation, calls, more time, law."""
