"""What is wrong with a definition beyond its shape: names, order, conditions, time."""
