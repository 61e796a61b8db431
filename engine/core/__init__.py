"""What is true, and what follows from a command."""
