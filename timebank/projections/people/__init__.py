"""What is asked about people: volunteers and their proxies."""
