"""Mobility Header messages and options (RFC 6275, RFC 5555)."""
