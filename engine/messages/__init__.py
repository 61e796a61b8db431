"""What people are notified of, by which channel, and what became of it."""
