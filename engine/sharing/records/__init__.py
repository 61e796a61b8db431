"""Consents, partners and links, and how sharing is shown."""
