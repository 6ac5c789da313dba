"""What comes in and goes out as files: spreadsheets of volunteers and service records."""
