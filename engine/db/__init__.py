"""Connections and roles, the transaction, row-level security, tables and migrations."""
