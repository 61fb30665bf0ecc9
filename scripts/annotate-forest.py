"""The interaction curve of scikit-image's random forest with the strokes that scripts/annotate-curve.ts drew.

usage: python annotate-forest.py DATA CURVE.json OUT.json   (needs scikit-image and scikit-learn, in an environment of its own)
"""

import json
import os
import sys

import numpy as np
from PIL import Image
from skimage.draw import line
from skimage.feature import multiscale_basic_features
from skimage.future import fit_segmenter, predict_segmenter
from sklearn.ensemble import RandomForestClassifier


def main(data, curves, out):
    results = []
    for curve in json.load(open(curves)):
        name, strokes = curve["name"], curve["strokes"]
        image = np.asarray(Image.open(os.path.join(data, "JPEGImages", name + ".jpg")).convert("RGB"))
        truth = np.asarray(Image.open(os.path.join(data, "SegmentationClass", name + ".png")))
        # The settings of scikit-image's own example of trainable segmentation.
        features = multiscale_basic_features(
            image, intensity=True, edges=False, texture=True, sigma_min=1, sigma_max=16, channel_axis=-1
        )
        values = []
        for count, *_ in curve["quick"]:
            drawn = np.zeros(truth.shape, np.int64)
            for stroke in strokes[:count]:
                draw(drawn, stroke["points"], stroke["class"] + 1)
            forest = RandomForestClassifier(n_estimators=50, n_jobs=1, max_depth=10, max_samples=0.05, random_state=0)
            label = predict_segmenter(features, fit_segmenter(drawn, features, forest)) - 1
            label[drawn > 0] = drawn[drawn > 0] - 1
            values.append([count, miou(label, truth)])
        results.append({"name": name, "forest": values})
        print(name, " ".join(f"{100 * value:.0f}" for _, value in values), flush=True)
        json.dump(results, open(out, "w"))


def draw(drawn, points, value):
    """Three pixels wide, as strokes count in the page."""
    places = list(zip(points[::2], points[1::2]))
    height, width = drawn.shape
    for (x0, y0), (x1, y1) in zip(places, places[1:] or places):
        rows, columns = line(round(y0), round(x0), round(y1), round(x1))
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                drawn[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)] = value


def miou(label, truth):
    known = truth != 255
    shares = []
    for value in np.unique(truth[known]):
        a, b = (label == value) & known, (truth == value) & known
        shares.append((a & b).sum() / (a | b).sum())
    return float(np.mean(shares))


if __name__ == "__main__":
    main(*sys.argv[1:])
