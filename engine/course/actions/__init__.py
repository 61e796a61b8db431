"""Steer a case, close it, open it again."""
