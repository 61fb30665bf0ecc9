"""scikit-image's trainable segmentation of one photograph, for scripts/annotate-curve.ts: strokes in, labels out.

usage: python annotate-forest.py PHOTOGRAPH   (needs scikit-image and scikit-learn, in an environment of its own)
Each line of the standard input is a JSON list of {"class", "points"}; the answer is a byte a pixel, row by row.
"""

import json
import sys

import numpy as np
from PIL import Image
from skimage.draw import line
from skimage.feature import multiscale_basic_features
from skimage.future import fit_segmenter, predict_segmenter
from sklearn.ensemble import RandomForestClassifier


def main(photograph):
    image = np.asarray(Image.open(photograph).convert("RGB"))
    # The settings of scikit-image's own example of trainable segmentation.
    features = multiscale_basic_features(
        image, intensity=True, edges=False, texture=True, sigma_min=1, sigma_max=16, channel_axis=-1
    )
    for request in sys.stdin:
        drawn = np.zeros(image.shape[:2], np.int64)
        for stroke in json.loads(request):
            draw(drawn, stroke["points"], stroke["class"] + 1)
        forest = RandomForestClassifier(n_estimators=50, n_jobs=1, max_depth=10, max_samples=0.05, random_state=0)
        label = predict_segmenter(features, fit_segmenter(drawn, features, forest)) - 1
        label[drawn > 0] = drawn[drawn > 0] - 1
        sys.stdout.buffer.write(label.astype(np.uint8).tobytes())
        sys.stdout.buffer.flush()


def draw(drawn, points, value):
    """Three pixels wide, as strokes count in the page."""
    places = list(zip(points[::2], points[1::2]))
    height, width = drawn.shape
    for (x0, y0), (x1, y1) in zip(places, places[1:] or places):
        rows, columns = line(round(y0), round(x0), round(y1), round(x1))
        for dy in (-1, 0, 1):
            for dx in (-1, 0, 1):
                drawn[np.clip(rows + dy, 0, height - 1), np.clip(columns + dx, 0, width - 1)] = value


if __name__ == "__main__":
    main(*sys.argv[1:])
