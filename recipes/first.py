"""A first model, of the library's own parts: which of ten topics is a phrase about? `python recipes/first.py`, no options: read it."""

import torch
from torch import nn

import seqtext

torch.manual_seed(0)

# ---- Data: phrases with topics, always there; the same words in another order have another topic
rows = seqtext.phrasebook(train=3000)
topics = rows["train"].features["label"].names
text, label = rows["train"]["text"][0], rows["train"]["label"][0]
print(f"{len(rows['train']):,} phrases such as {text!r}, which is about {topics[label]}")

# ---- Tokenizer: learnt from the training texts alone; every split becomes numbers
tokenizer = seqtext.Tokenizer.train(rows["train"]["text"], vocabulary_size=1000, normaliser=seqtext.Normaliser())
tokens = {split: seqtext.Ragged.from_sequences(tokenizer.encode(part["text"])) for split, part in rows.items()}
labels = {split: torch.tensor(part["label"]) for split, part in rows.items()}


# ---- Model, sequence to vector: all outputs but the last are ignored, so the whole phrase is read before it decides
class Classifier(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.embedding = seqtext.TokenEmbedding(vocabulary_size=len(tokenizer), embedding_size=64)
        self.backbone = seqtext.Backbone(input_size=64, hidden_size=64, cell="gru", bidirectional=True)
        self.last = seqtext.Pooling(kinds=["last"], size=128, bidirectional=True)
        self.head = nn.Linear(128, len(topics))

    def forward(self, batch: seqtext.Padded) -> torch.Tensor:
        outputs = self.backbone(self.embedding(batch))  # (B, T) -> (B, T, D) -> (B, T, 2 H)
        logits: torch.Tensor = self.head(self.last(outputs))  # (B, 2 H) -> (B, C)
        return logits


model = Classifier()

# ---- Training: batches of phrases of like length, so that little is padding
plan = seqtext.BatchPlan(tokens["train"].lengths.numpy(), tokens=1000, seed=0)
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-2)
for epoch in range(4):
    for [numbers] in plan.epoch(epoch):
        batch = torch.from_numpy(numbers)  # the rows of this step
        loss = nn.functional.cross_entropy(model(tokens["train"].pad(batch)), labels["train"][batch])
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    print(f"epoch {epoch + 1}: the last loss is {loss.item():.3f}")

# ---- Test, on phrases never seen, beside the least that any model must beat
everything = torch.arange(len(labels["test"]))
with torch.no_grad():
    right = model(tokens["test"].pad(everything)).argmax(dim=1) == labels["test"]
commonest = labels["train"].mode().values
always = labels["test"] == commonest
print(f"test accuracy {right.float().mean():.1%}; always {topics[commonest]!r}: {always.float().mean():.1%}")
