"""The front door: the akadia command and the laboratory that runs on one machine."""
