"""Measurements; each script runs by itself, and what several of them share is imported from here."""
