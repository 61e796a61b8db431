"""What leaves a unit: consents, referrals, transfers, partners."""
