"""Where the platforms report events."""
