"""How long data is kept, holds, erasure, and restored installations."""
