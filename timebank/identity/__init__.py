"""Who is there: signing in, sessions, keys in use, one-time codes, and the log of it all. What they may do is facts."""
