"""An IKE SA after it is up, at either end: the rooms of wire.ikev2.upkeep.sa."""
