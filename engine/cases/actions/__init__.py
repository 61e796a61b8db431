"""Open a case, decide a command, say why."""
