"""RADIUS as EAP uses it (RFC 2865, RFC 3579, RFC 2548): packets, authenticators, keys."""
