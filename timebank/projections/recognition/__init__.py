"""What is asked to thank people: leaderboards."""
