"""The 3GPP AAA server: EAP-AKA and EAP-AKA' terminated behind RADIUS and Diameter."""
