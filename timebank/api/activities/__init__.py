"""Operations on activities."""
