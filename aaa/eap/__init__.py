"""The authenticating end of EAP: method choice, EAP-AKA and EAP-AKA' (RFC 3748, RFC 4187, RFC 9048)."""
