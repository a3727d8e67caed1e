"""RADIUS over TLS (RFC 6614): who a client is, its certificate says."""
