"""The session ledger on SQL: what the AAA server keeps of grants, accounting and sessions."""
