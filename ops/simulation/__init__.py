"""The whole house in one thread and in virtual time, driven by a seed: real workers on a simulated log and store."""
