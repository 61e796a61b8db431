"""The API: what other programs send and ask with a key, as JSON by a contract with versions."""
