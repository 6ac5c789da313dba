"""The rules of places: the tree of nodes, and where people live."""
