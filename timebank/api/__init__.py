"""HTTP: one controller per noun, its request and response Structs on top."""
