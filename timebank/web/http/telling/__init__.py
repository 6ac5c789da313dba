"""What pages say: the words of both languages, and how times, names, states and events are told in them."""
