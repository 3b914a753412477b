"""The HTTP face described as OpenAPI, from the descriptors and the comments of the protos."""
