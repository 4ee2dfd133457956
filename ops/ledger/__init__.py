"""The books of recovery: statements, aging, export."""
