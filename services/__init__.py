"""The five services. Each is a folder with its process in ``app.py``; they know each other's events only."""
