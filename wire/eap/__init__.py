"""EAP (RFC 3748) with EAP-AKA (RFC 4187) and EAP-AKA' (RFC 9048): packets, attributes and keys."""
