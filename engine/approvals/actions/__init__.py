"""Ask for a second person and take the answer; raise a concern."""
