"""What is done now and then, by itself: what is over is taken back or deleted, who was erased stays so, logs are bound."""
