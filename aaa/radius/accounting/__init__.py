"""Accounting (RFC 2866): what clients report is in the ledger before they are answered."""
