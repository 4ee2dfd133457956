"""What runs in the peers' own environments: each peer's process in its own words, and the load.

Nothing of the house is imported here but ``bench.peers.process`` (and the runtime, for ours): the peers' packages are
not in our environment and ours are not in theirs.
"""
