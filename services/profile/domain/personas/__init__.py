"""Named kinds of people: assigned in the request by Bayes' rule, proposed by a mixture model."""
