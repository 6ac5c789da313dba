"""Pages on places: the tree, who leads, who lives where, hours by place."""
