"""The same small claim process on other people's systems and on ours, measured beside each other in one run.

``python -m bench.peers`` prints the table; with ``--tune`` it tries each peer with several numbers of claims under way,
worker processes and jobs, of which its setup names the best. Each peer is installed by the bench, at first use, into
``.makegood/peers/<peer>`` from public packages; what cannot be had is left out, and said so. How a peer is set up
stands in ``setups``, what it runs in ``inside``, the process, and what must have come out of it, in ``process.py``.
No failure is injected here.
"""
