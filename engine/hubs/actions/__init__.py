"""What people and jobs do with other hubs."""
