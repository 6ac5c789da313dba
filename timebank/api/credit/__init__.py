"""Operations on credit: the rule book, rewards, redemptions, gifts, funds, balances, statements."""
