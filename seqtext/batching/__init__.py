"""From rows of numbers to padded batches."""
