"""Record consents, send, release and answer referrals."""
