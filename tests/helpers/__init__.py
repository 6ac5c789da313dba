"""What several tests of the log and its projections share."""
