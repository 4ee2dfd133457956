"""The rules of each marketplace as data: effective-dated versions, never changed once used."""

from shared.policy.model import Policies, Policy, PolicyError, load

__all__ = ["Policies", "Policy", "PolicyError", "load"]
