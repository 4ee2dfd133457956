"""Tells the seller, reminds, takes the answer, and keeps every delivery on record."""
