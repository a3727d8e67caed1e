"""EAP (RFC 3748) with EAP-AKA (RFC 4187), EAP-AKA' (RFC 9048) and EAP-SIM (RFC 4186): packets, attributes and keys."""
