"""The PostgreSQL server that ICMC brings along, its databases and their backups."""
