"""Answers: what they say beside their bodies, and how they are sent."""
