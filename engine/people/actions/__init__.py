"""Add people and units, give roles, invite, plan duty."""
