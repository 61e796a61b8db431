"""Who must not see a case, who holds a restricted one, who sees one in an emergency."""
