"""Bringing in what offices have, and writing what they take away."""
