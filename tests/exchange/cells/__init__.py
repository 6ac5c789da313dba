"""What cells say."""
