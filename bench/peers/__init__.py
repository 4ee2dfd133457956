"""The same small claim process on other people's systems and on ours, measured beside each other in one run.

``python -m bench.peers`` prints the table. Each peer is installed by the bench, at first use, into
``.makegood/peers/<peer>`` from public packages; what cannot be had is left out, and said so. How a peer is set up
stands in ``setups``, what it runs in ``inside``, the process and the proof that all was paid exactly once in
``process.py``.
"""
