"""PyTorch's side of bench/step-limit.ts: KIND THREADS STEPS COLUMNS -> JSON on standard output.

The training step of docs/method.md, sections 3.2 to 3.4, as the reference computes it: attention on dense matrices of all
pairs of nodes, features upsampled to the image for the multi-point loss. One photograph of 500 x 375 pixels, made up.
"""

import json
import resource
import sys
import time

import torch
import torch.nn.functional as F

HEIGHT, WIDTH, CELL = 376, 504, 8
ROWS, COLUMNS = HEIGHT // CELL, WIDTH // CELL
NODES = ROWS * COLUMNS
CLASSES, HIDDEN, LAYERS = 21, 256, 3
BOXES = [(3, 40, 30, 259, 189), (8, 200, 100, 399, 299), (13, 300, 60, 459, 239)]  # class, both ends included


class Network(torch.nn.Module):
    def __init__(self, columns):
        super().__init__()
        self.embedding = torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(columns, HIDDEN)))
        self.betas = torch.nn.ParameterList(torch.rand(1) for _ in range(LAYERS))
        self.output = torch.nn.Parameter(torch.nn.init.xavier_uniform_(torch.empty(HIDDEN, CLASSES)))

    def forward(self, features, affinity, outside):
        x = F.dropout(F.relu(features @ self.embedding), 0.5)
        for beta in self.betas:
            norm = torch.norm(x, 2, 1, keepdim=True)
            cosine = (x @ x.t()) / (norm @ norm.t() + 1e-7)
            left_out = outside | (cosine < 0)
            scores = beta * cosine + 10 * affinity + torch.where(left_out, -1e9, 0.0)
            x = F.softmax(scores, 1) @ x
        return x @ self.output, x


def as_map(nodes):
    return nodes.t().reshape(1, -1, ROWS, COLUMNS)


def upsampled(nodes):
    return F.interpolate(as_map(nodes), (HEIGHT, WIDTH), mode="bilinear", align_corners=False)


def seed_loss(pixels, seed):
    background, foreground = (torch.where(kept, seed, 255) for kept in (seed == 0, seed != 0))
    return sum(F.cross_entropy(pixels, part, ignore_index=255) for part in (background, foreground))


def multi_point_loss(pixels, features):
    total, pairs = 0, 0
    points_of_all, wanted = [], []
    for label, left, top, right, bottom in BOXES:
        scores = pixels[0, label, top : bottom + 1, left : right + 1]
        rows = torch.arange(top, bottom + 1), left + scores.argmax(1)
        columns = top + scores.argmax(0), torch.arange(left, right + 1)
        y, x = (torch.cat(each) for each in zip(rows, columns))
        points = features[0, :, y, x].t()
        norm = points.norm(2, 1, keepdim=True)
        total = total + (1 - (points @ points.t()) / (norm @ norm.t() + 1e-7) + 1e-5).sum()
        pairs += len(points) ** 2
        points_of_all.append(pixels[0, :, y, x].t())
        wanted.append(torch.full((len(points),), label))
    return F.cross_entropy(torch.cat(points_of_all), torch.cat(wanted)) + total / pairs


def gated_crf_loss(logits, kernel, radius=5):
    side = 2 * radius + 1
    probabilities = as_map(F.softmax(logits, 1))
    around = F.unfold(probabilities, side, padding=radius).view(CLASSES, side**2, NODES)
    agreement = (kernel * around * probabilities.view(CLASSES, 1, NODES)).sum()
    return (kernel.sum() - agreement) / NODES


def crf_kernel(colour, radius=5):
    side = 2 * radius + 1
    y, x = torch.meshgrid(torch.arange(ROWS), torch.arange(COLUMNS), indexing="ij")
    features = torch.cat([torch.stack([x, y]).float() / 6, colour / 0.1])[None]
    around = F.unfold(features, side, padding=radius).view(5, side**2, NODES)
    kernel = torch.exp(-0.5 * ((around - features.view(5, 1, NODES)) ** 2).sum(0))
    kernel[side**2 // 2] = 0
    return kernel


def main(kind, threads, steps, columns):
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    radius = 4 if kind == "box" else 3
    features = torch.rand(NODES, int(columns))
    features /= features.sum(1, keepdim=True)
    y, x = torch.arange(NODES) // COLUMNS, torch.arange(NODES) % COLUMNS
    outside = ((y[:, None] - y).abs() > radius) | ((x[:, None] - x).abs() > radius)
    affinity = torch.where(outside, 0, torch.rand(NODES, NODES))
    seed = torch.zeros(1, HEIGHT, WIDTH, dtype=torch.long)
    for label, left, top, right, bottom in BOXES:
        seed[0, top : bottom + 1, left : right + 1] = 255
        seed[0, top + 20 : bottom - 19, left + 20 : right - 19] = label
    kernel = crf_kernel(torch.randn(3, ROWS, COLUMNS))
    network = Network(int(columns))
    optimizer = torch.optim.Adam(network.parameters(), lr=0.03, weight_decay=5e-4)
    clock = time.process_time if int(threads) == 1 else time.perf_counter
    seconds = []
    for _ in range(int(steps) + 1):
        started = clock()
        logits, nodes = network(features, affinity, outside)
        pixels = upsampled(logits)
        loss = seed_loss(pixels, seed) + 0.01 * gated_crf_loss(logits, kernel)
        if kind == "box":
            loss = loss + multi_point_loss(pixels, upsampled(nodes))
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        assert torch.isfinite(loss)
        seconds.append(clock() - started)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds[1:], "peakGigabytes": peak, "version": torch.__version__}))


if __name__ == "__main__":
    main(*sys.argv[1:])
