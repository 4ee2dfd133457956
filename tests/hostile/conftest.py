"""The toy services' workbench and playground serve here too."""

from tests.runtime.conftest import bench, playground

__all__ = ["bench", "playground"]
