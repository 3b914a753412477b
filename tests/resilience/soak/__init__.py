"""Long proofs: answers under faults, memory over many requests, requests nobody means."""
