"""Who may do what, and who sees what: one truth for everything that serves people."""
