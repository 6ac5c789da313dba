"""The rules of credit: accounts, the rule book, rewards, redemptions, transfers, funds, statements."""
