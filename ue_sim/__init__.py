"""The UE: USIM, EAP peer, IKEv2 initiator, mobile node."""
