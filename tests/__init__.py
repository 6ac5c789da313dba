"""Every test says, in one sentence, something that is true of the time bank."""
