"""Counting time: from a start and a limit to the instant at which it falls due."""
