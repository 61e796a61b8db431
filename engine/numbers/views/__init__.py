"""What numbers are counted and shown."""
