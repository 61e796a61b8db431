"""Pages of people, units and duty."""
