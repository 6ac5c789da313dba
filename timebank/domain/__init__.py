"""The rules of the time bank: facts, memories, and the commands that decide. Pure and synchronous."""
