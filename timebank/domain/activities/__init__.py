"""The rules of activities: planning, signing up, being there, and what comes of it."""
