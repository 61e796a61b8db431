"""Pages of the worklist and of an item."""
