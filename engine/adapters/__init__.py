"""The world outside: database, files, mail, clock."""
