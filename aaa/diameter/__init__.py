"""The Diameter face of the AAA server: EAP, MIP6I, S6b, STa, SWm (RFC 4072, RFC 5778, TS 29.273)."""
