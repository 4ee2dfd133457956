"""The command line and what it runs: local stack, demo, looking at claims and repairing them."""
