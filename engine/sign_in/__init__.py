"""Signing in: sessions, second factors, guessing, what is unlike before."""
