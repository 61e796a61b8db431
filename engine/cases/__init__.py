"""One matter from report to closure: loaded under its lock, changed by decisions."""
