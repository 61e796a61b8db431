"""The promises of the network for care: how often to ask, and how soon a step is shown."""

PLAN_MONTHS, MONTHLY_FOR = 6, 3
LOW_SCORE, LOW_SCORE_DAYS = 3, 30
OFTEN_THERE = 60
ASK_AGAIN_DAYS, ASK_FOR_CASH_DAYS = 30, 1
REVIEW_DAYS, FIRST_REVIEW_MONTHS = 90, 1
NEXT_SESSION_DAYS = 7
"""Promises of the network, all of these, as is how soon a step is shown: no law names a day for care."""
