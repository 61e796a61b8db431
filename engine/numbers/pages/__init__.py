"""Pages of numbers: what was published, what people have saved of it, the pillars and a workflow as they stand."""
