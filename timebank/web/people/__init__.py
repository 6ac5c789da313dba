"""Pages on people: one's own data, proxies, members, the register."""
