"""What is known before a tagger is trained, and how good it is."""
