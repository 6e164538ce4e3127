"""A local stand-in for WeCom's servers and phones, for trying, demos and tests. Listens on loopback only."""

from simulator.factory import create_simulator
from simulator.settings import Settings, SettingsError

__all__ = ["Settings", "SettingsError", "create_simulator"]
