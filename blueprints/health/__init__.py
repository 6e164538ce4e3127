"""Whether the service is alive and able to work, for whoever runs it."""
