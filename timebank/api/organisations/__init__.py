"""Operations on organisations, their members, offices and API keys."""
