"""Make keys, wrap everything anew, turn the period."""
