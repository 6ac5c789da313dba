"""What proves the log to those who do not trust its keeper: the tree over it, signed checkpoints, proofs, witnesses."""
