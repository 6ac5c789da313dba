"""What is asked about service: the records and how they stand."""
