"""The facts of the log, one module for each subject; what is stored in them never changes its meaning."""
