"""The commands of `seqtext`, a file each: a frozen dataclass of its flags and a `run`."""
