"""What is seen across subjects: the case page, the board, numbers, copies."""
