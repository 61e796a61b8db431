"""Deadlines of a case: which it has, when they fire, who is rung, how they get more time."""
