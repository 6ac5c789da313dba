"""Pages on signing in and staying safe."""
