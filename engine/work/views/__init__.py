"""The worklist and the form of an item."""
