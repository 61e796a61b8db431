"""What should happen: frozen definitions."""
