"""What all operations share: who asks and may they, limits, problems, the description, health."""
