"""Commands for definition files."""
