"""What deadlines are shown as, and the answer to *why this date?*."""
