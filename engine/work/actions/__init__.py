"""Claim, draft, complete, approve; make a step's papers, bring what follows."""
