"""Publish, propose, preview, add days, sign limits of the law."""
