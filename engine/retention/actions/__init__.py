"""Propose, hold, erase, and keep a restore in custody."""
