"""Who may call: keys, tokens, scopes, and the visitors that a browser may speak for."""
