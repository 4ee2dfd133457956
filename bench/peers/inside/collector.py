"""What our runtime does to the garbage collector, for the load and for the peers' workers, which cannot import it."""

import gc


def spare_the_collector() -> None:
    """Called once all is started: what lives as long as we do is not looked at again and again."""
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)
