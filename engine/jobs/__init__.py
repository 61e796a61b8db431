"""Automatic work in the outbox."""
