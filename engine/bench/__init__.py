"""The benchmark: what one machine does, measured through the real use cases in a scratch database."""
