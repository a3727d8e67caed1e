"""K and OPc under seal: data keys, the master key wherever it is, and the one door through which keys come out."""
