"""Tests of the policies as shipped, and of what a wrong policy file says."""
