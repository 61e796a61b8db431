"""What takes a second person, and what is told in confidence."""
