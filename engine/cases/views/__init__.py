"""The list of cases, and what of a case a viewer is shown."""
