"""The payloads of IKEv2, one a file (RFC 7296 §3)."""
