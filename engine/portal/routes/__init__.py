"""One route file a page family."""
