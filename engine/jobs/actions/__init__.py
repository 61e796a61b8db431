"""Hand jobs out, do them, take them back."""
