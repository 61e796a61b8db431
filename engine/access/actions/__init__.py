"""Bar, restrict, and give emergency access."""
