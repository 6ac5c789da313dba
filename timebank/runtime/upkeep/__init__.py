"""What is done by itself now and then: what is over is taken back or deleted, and logs are bound."""
