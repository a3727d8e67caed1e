"""Pseudonyms, fast re-authentication identities and encrypted IMSIs, without a store (RFC 4187 §4.1.1, §5)."""
