"""Measures the suite on this machine and says which promises it keeps."""

import os

# We start processes while gRPC runs, by exec alone: its fork handlers would only complain.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "false")
