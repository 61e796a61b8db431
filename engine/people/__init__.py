"""Units, people, roles, duty."""
