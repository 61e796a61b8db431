"""What cases come to in numbers: the pillars of one's own units, and tables that can be published."""
