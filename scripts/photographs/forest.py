"""Labels a photograph from strokes with scikit-image's trainable segmentation: multiscale features, random forest.

usage: python forest.py IMAGE.rgb SEED.png LABEL.png IGNORE   (needs scikit-image and scikit-learn; prints CPU seconds)
"""

import sys
import time

import numpy as np
from PIL import Image
from skimage.feature import multiscale_basic_features
from skimage.future import fit_segmenter, predict_segmenter
from sklearn.ensemble import RandomForestClassifier


def main(photograph, seeds, out, ignore):
    seed = np.asarray(Image.open(seeds)).astype(np.int64)
    image = np.fromfile(photograph, np.uint8).reshape(*seed.shape, 3)
    # The settings of scikit-image's own example of trainable segmentation.
    features = multiscale_basic_features(
        image, intensity=True, edges=False, texture=True, sigma_min=1, sigma_max=16, channel_axis=-1
    )
    known = np.where(seed == int(ignore), 0, seed + 1)
    forest = RandomForestClassifier(n_estimators=50, n_jobs=1, max_depth=10, max_samples=0.05, random_state=0)
    label = predict_segmenter(features, fit_segmenter(known, features, forest)) - 1
    label[known > 0] = known[known > 0] - 1
    Image.fromarray(label.astype(np.uint8)).save(out)
    print(time.process_time())


if __name__ == "__main__":
    main(*sys.argv[1:])
