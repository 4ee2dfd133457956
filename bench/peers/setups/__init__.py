"""How each peer is installed and started, one file each."""
