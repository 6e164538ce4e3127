"""台账: every filing of the college, for those who oversee."""
