"""The authenticating end of EAP: method choice, EAP-AKA, EAP-AKA' and EAP-SIM (RFC 3748, 4187, 9048, 4186)."""
