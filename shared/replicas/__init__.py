"""Calls to a service of several replicas: whose turn it is, who is out, who is asked beside."""

from shared.replicas.channel import Extras, ReplicaChannel, no_extras
from shared.replicas.rpc import ReplicatedRpc

__all__ = ["Extras", "ReplicaChannel", "ReplicatedRpc", "no_extras"]
