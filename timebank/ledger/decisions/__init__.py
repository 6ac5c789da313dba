"""What a command is decided by: the memories kept ready, the batch so far, and a trial that writes nothing."""
