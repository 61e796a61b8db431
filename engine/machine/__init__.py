"""The machine: its clock, its files, its memory, what it may speak to, what it draws with."""
