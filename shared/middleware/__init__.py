"""What happens around every rpc: one concern per module, `async (call, request, next)`."""
