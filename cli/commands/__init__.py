"""The commands, one module each: options in, one call, an answer for people or for machines."""
