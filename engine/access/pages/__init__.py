"""Pages of access, conflicts and emergency access."""
