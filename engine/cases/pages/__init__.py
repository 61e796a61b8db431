"""Reports: of staff, and of the public."""
