"""The rules of service: records, times, a person's day, what confirmed service is worth."""
