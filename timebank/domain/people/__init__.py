"""The rules about people: volunteers and their proxies."""
