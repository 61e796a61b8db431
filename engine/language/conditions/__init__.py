"""The language of `when`, `until` and branches: a subset of CEL with three values."""
