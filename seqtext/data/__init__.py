"""Data: from files and the hub to ids and labels. No nn.Module here."""
