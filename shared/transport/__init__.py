"""The adapters between the middleware, which knows no transport, and gRPC, HTTP, direct calls."""
