"""What is asked about credit: balances, statements, rewards, redemptions, transfers, funds, the rule book."""
