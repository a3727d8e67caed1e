"""ESP in user space: packets, replay window, security associations, UDP encapsulation (RFC 4303, RFC 3948)."""
