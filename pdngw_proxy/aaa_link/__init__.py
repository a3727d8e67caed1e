"""How the PDN GW asks the AAA server: one port, a Diameter and a RADIUS adapter."""
