"""What is proved: chains of events, checkpoints, who looked at what."""
