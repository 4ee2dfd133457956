"""The outside world of the demo: every party that is not makegood. It speaks topics and nothing else.

What a party does about a claim follows from the seed, the claim and what it heard of it, never from the wall clock
or from the order in which claims arrive; so the same seed tells the same stories again.
"""
