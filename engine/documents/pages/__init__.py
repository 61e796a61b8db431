"""Pages of papers and files."""
