"""How views are made ready to be shown on pages."""
