"""Raw in, raw out: a model with its tokenizer, labels and metric."""
