"""The REST API of the HSS: what the commands do with subscribers, for programs, over TLS and with tokens."""
