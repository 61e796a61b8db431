"""Prefect: the work that is not a person's."""
