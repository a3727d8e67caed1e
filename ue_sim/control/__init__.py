"""What a tester asks of a UE that stays attached, over a Unix socket."""
