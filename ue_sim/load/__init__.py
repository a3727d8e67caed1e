"""The load generator: many UEs at once that authenticate at an AAA server, and a count of what came of it.

It verifies all that a UE and its client verify, and is no UE to attach with: its messages are cut to what a load needs,
so that it takes little of the machine that it shares with the server.
"""
