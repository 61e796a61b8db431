"""The case page, history, board and numbers."""
