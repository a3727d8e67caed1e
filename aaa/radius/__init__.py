"""The RADIUS front of the AAA server (RFC 2865, RFC 3579, RFC 5080)."""
