"""Any history at all: a real ledger beside a small model that knows the rules in its own words."""
