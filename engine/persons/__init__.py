"""Persons of cases: what identifies them, who is the same, how cases belong together."""
