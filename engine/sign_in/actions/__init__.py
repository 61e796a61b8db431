"""Sign in and out, prove again, change a password."""
