"""Claim, draft, complete, approve; make a step's papers and watches."""
