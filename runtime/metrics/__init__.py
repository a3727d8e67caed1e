"""What daemons count, over all their processes, and how it is asked for (the text format of Prometheus)."""
