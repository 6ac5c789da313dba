"""How every projection is kept: followed, rebuilt and compared; the same for all subjects."""
