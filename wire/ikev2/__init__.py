"""IKEv2: the messages, the key schedule and the rules of exchange that both ends share (RFC 7296)."""
