"""Pages across subjects."""
