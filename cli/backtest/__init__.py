"""Back-tests scenarios: the domain code of profile, rules and scenario on one simulated clock."""
