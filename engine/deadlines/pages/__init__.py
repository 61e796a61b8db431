"""Pages of deadlines, delays and calls."""
