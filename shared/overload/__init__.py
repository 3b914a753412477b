"""What is done about more load than capacity: how much is admitted, of whom, and who is refused."""
