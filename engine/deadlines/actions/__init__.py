"""Fire, escalate, acknowledge, recount, audit."""
