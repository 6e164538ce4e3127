"""The state of the service: what is in order, what is not, and what mends it."""
