"""Pages of hubs elsewhere."""
