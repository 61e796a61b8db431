"""Limits of the law: whether they apply to a case, and what was told for that."""
