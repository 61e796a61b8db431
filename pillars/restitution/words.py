"""Say what a figure rests on."""


def target(source: str) -> str:
    """Say that a figure is a target of the network, and what it rests on."""
    return based_on(source, is_signed=False)


def based_on(source: str, *, is_signed: bool) -> str:
    """Say what a figure rests on, and whether a lawyer has signed it."""
    return f"Based on {source}." if is_signed else f"Network target, based on {source}; a lawyer must confirm it."
