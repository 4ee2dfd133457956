"""Tests of intake: its decisions, what always holds, and the real claims."""
