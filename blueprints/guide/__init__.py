"""What the regulation asks for, for whoever is about to file."""
