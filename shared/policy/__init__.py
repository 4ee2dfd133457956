"""The rules of each marketplace as data: effective-dated versions, never changed once used."""

from shared.policy.files import load
from shared.policy.model import Policies, Policy, PolicyError

__all__ = ["Policies", "Policy", "PolicyError", "load"]
