"""Deadlines, limits of the law, and *why this date?* as people see them."""
