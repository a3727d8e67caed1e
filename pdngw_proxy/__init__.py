"""The PDN GW: IKEv2 responder, EAP relay to the AAA server, home agent."""
