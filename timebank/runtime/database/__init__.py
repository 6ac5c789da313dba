"""The database of a running bank: how it is opened, by which role, with which rights."""
