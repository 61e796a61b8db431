"""What sign-in and links share: of a token only its hash is kept."""

import hashlib


def hash_of(token: str) -> bytes:
    """Give the hash under which a token is known; tokens have 256 random bits, so a quick hash does."""
    return hashlib.sha256(token.encode()).digest()
