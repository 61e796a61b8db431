"""Pages of persons and of links between cases."""
