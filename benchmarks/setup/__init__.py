"""What the comparisons are made with: the machine, a bank, a service and loads on it, and what ours are compared to."""
