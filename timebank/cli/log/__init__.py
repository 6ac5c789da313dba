"""Commands about the log: proving it, and following it."""
