"""Waits for who must act, has people look where rules ask for it, and authorises the payout."""
