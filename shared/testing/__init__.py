"""What tests of any service need: engines, databases cloned per test, fakes.

Load it with `pytest_plugins = ["shared.testing.plugin"]` in the top `conftest.py`.
"""

from shared.testing.clock import FakeClock

__all__ = ["FakeClock"]
