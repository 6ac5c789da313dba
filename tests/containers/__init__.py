"""What the containers run, run without containers: with the programs that are here, as the images would start them."""
