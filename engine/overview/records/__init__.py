"""The case page, the board and counts as people see them."""
