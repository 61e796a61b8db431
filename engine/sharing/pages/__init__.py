"""Pages of consents, referrals and partners."""
