"""The machine: its clock, its files, what it may speak to, what it draws with."""
