"""Papers and files of a case."""
