"""The demonstration: claims of its own making, and an outside world that answers to the services."""
