"""Operations on service: logging it, finding records, deciding on them."""
