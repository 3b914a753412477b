"""Definitions as every service holds them: the last three bundles, compiled by its own hand."""

from shared.definitions.follower import BundleFollower, CompileError
from shared.definitions.source import BundleSource, RpcBundleSource

__all__ = ["BundleFollower", "BundleSource", "CompileError", "RpcBundleSource"]
