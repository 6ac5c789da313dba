"""How often somebody may try, ask and fail."""
