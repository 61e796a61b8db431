"""Pages of what waits for a second person, and of concerns."""
