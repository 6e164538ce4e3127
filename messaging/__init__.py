"""What people are told, and how it reaches them: cards in our words, the outbox, the platforms."""
