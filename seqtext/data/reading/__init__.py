"""Files and the hub to rows and typed columns."""
