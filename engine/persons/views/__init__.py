"""A person's page, links of cases, what is held about a person."""
