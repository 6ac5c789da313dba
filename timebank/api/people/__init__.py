"""Operations on people: volunteers, their proxies, leaving, and oneself."""
