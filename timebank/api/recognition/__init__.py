"""Operations to thank people: leaderboards."""
