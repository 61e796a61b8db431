"""What was shared, what was sent, what a partner sees."""
