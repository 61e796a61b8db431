"""The schema, frozen as `v0001`, then one file a step, in order; each works with the previous release."""
