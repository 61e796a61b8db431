"""Let approvals lapse, report trouble, make copies."""
