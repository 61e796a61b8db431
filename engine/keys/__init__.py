"""What is encrypted under which key, and what becomes of keys."""
