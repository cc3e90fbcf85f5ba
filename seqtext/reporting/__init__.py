"""What all reports share: pictures, cards, summaries, baselines of texts. Names no task."""
