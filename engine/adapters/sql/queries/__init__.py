"""Reading: frozen views for one viewer."""
