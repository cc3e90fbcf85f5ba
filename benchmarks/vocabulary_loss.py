"""The vocabulary loss, forward and backward with label smoothing, against its own three matrix products and plain torch.

    python benchmarks/vocabulary_loss.py --quick          # 4,000 tokens, vocabulary 8,000, width 256
    python benchmarks/vocabulary_loss.py                  # also fp32 and larger sizes

The products are those that nothing can leave out: the logits, and the gradients of outputs and weights, in the layouts that training has
them in. 1 would be a loss of products alone; at most 2 is wanted, 1.3 is what we reach for. Plain torch is a linear layer and
`F.cross_entropy`, whose (tokens, vocabulary) matrices exist whole. Sampled is the loss over 4,096 tokens, without smoothing.
"""

from __future__ import annotations

import argparse

import torch
from side_by_side import take_turns
from torch.nn import functional as F

from seqtext.nn.precision import autocast, choose_device, choose_precision, set_threads
from seqtext.nn.sampled_loss import SAMPLED, sampled_loss
from seqtext.nn.vocabulary_loss import vocabulary_loss
from seqtext.options import Precision

TYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
SMOOTHING = 0.1


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--device", default="auto", help="auto, cpu or cuda")
    parser.add_argument("--threads", type=int, help="default: as many as there are cores")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--quick", action="store_true", help="one size, the precision that auto takes")
    options = parser.parse_args()
    device = choose_device(options.device)
    threads = set_threads(options.threads)
    best = choose_precision("auto", device)
    sizes = [(4000, 8000, 256)] if options.quick else [(4000, 8000, 256), (4000, 16_000, 256), (4000, 8000, 512)]
    precisions: list[Precision] = [best] if options.quick or best == "fp32" else [best, "fp32"]
    print(f"forward and backward, label smoothing {SMOOTHING}, {device}, {threads} threads; 1 is its products alone")
    print("tokens  vocabulary  width  precision  products ms   ours  plain torch  sampled")
    for tokens, vocabulary, width in sizes:
        for precision in precisions:
            print(line(tokens, vocabulary, width, precision, device, options.rounds), flush=True)


def line(tokens: int, vocabulary: int, width: int, precision: Precision, device: torch.device, rounds: int) -> str:
    """A line of the table."""
    torch.manual_seed(0)
    hidden = torch.randn(tokens, width, device=device, requires_grad=True)
    weight = (0.05 * torch.randn(vocabulary, width, device=device)).requires_grad_()
    bias = torch.zeros(vocabulary, device=device, requires_grad=True)
    targets = torch.randint(vocabulary, (tokens,), device=device)
    dtype = TYPES[precision]
    x, w, slopes = hidden.detach().to(dtype), weight.detach().to(dtype), torch.randn(tokens, vocabulary, device=device)
    slopes = slopes.to(dtype)

    def products() -> None:
        x @ w.t()
        slopes @ w
        slopes.t() @ x

    def ours() -> None:
        with autocast(precision, device):
            total, _ = vocabulary_loss(hidden, weight, bias, targets, label_smoothing=SMOOTHING)
        torch.autograd.grad(total, (hidden, weight, bias))

    def plain() -> None:
        with autocast(precision, device):
            logits = F.linear(hidden, weight, bias)
        total = F.cross_entropy(logits.float(), targets, label_smoothing=SMOOTHING, reduction="sum")
        torch.autograd.grad(total, (hidden, weight, bias))

    def sampled() -> None:
        with autocast(precision, device):
            total, _ = sampled_loss(hidden, weight, bias, targets, ids=SAMPLED)
        torch.autograd.grad(total, (hidden, weight, bias))

    calls = {"products": products, "ours": ours, "plain": plain, "sampled": sampled}
    times = take_turns(calls, rounds=rounds, device=device)
    shares = [times.ratio(name, "products") for name in ("ours", "plain", "sampled")]
    milliseconds = 1e3 * times.median("products")
    return f"{tokens:6} {vocabulary:11} {width:6} {precision:>10} {milliseconds:12.1f} {shares[0]:6.2f} {shares[1]:12.2f} {shares[2]:8.2f}"


if __name__ == "__main__":
    main()
