"""Recovery: pursues the seller after the marketplace has paid, and keeps the books."""
