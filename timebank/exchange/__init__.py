"""What offices bring in and take away: spreadsheets, and importing the people and the service that are in them."""
