"""Tags of words: sequence to sequence, each word's as soon as it is there."""
