"""The opaque link by which somebody says that they have seen a level of a ladder: the database knows its hash. Pure."""

import hashlib


def path_of_link(token: str) -> str:
    """Give the address of a link within the portal."""
    return f"/a/{token}"


def hash_of_link(token: str) -> str:
    """Give the hash under which a link is known, as text; its token is too long to be guessed, so a quick one does."""
    return hashlib.sha256(token.encode()).hexdigest()
