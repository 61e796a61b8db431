"""The twelve pillars of the Impulse Model."""
