"""One file a step, in order; each works with the previous release."""
