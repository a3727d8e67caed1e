"""Conversations that travel with the client between two rounds, sealed (RFC 2865 §5.24, RFC 6733 §8.8)."""
