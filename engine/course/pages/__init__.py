"""Pages on which a case is steered."""
