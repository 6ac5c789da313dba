"""What is asked about organisations: the register, members, offices, API keys."""
