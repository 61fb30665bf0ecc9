"""Records what OpenCV's GrabCut and scikit-image's SLIC make of our own pictures, for the tests to compare with.

    python3 -m venv venv && venv/bin/pip install numpy pillow opencv-python-headless scikit-image
    venv/bin/python scripts/record-seed-goldens.py              # data/mini -> test/seed-goldens
    venv/bin/python scripts/record-seed-goldens.py FOLDER OUT   # all images of a folder in VOC layout

Per image NAME: NAME.png (the decoded photograph), NAME.superpixels.npy (int32 [height, width], from 0), and for each
box of its annotation NAME.box<i>.png (255 where GrabCut says foreground); boxes.json lists the boxes.
"""

import json
import pathlib
import sys
import xml.etree.ElementTree as ElementTree

import cv2
import numpy as np
from PIL import Image
from skimage.segmentation import slic

AREA = 200
COMPACTNESS = 10
ROUNDS = 5
MINI = ["mini_0001", "mini_0004"]


def boxes_of(annotation, width, height):
    """Rectangles (x, y, width, height) of a VOC annotation, both ends included, within the image."""
    rectangles = []
    for item in ElementTree.parse(annotation).getroot().findall("object"):
        side = item.find("bndbox")
        at = {name: int(np.floor(float(side.find(name).text) + 0.5)) for name in ("xmin", "ymin", "xmax", "ymax")}
        x, y = max(0, at["xmin"]), max(0, at["ymin"])
        rectangles.append((x, y, min(at["xmax"], width - 1) - x + 1, min(at["ymax"], height - 1) - y + 1))
    return rectangles


def foreground(rgb, rectangle):
    """255 where GrabCut sees the object; the random centres of its colour models start from seed 0."""
    mask = np.zeros(rgb.shape[:2], np.uint8)
    background_model, foreground_model = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)
    bgr = np.ascontiguousarray(rgb[:, :, ::-1])
    cv2.grabCut(bgr, mask, rectangle, background_model, foreground_model, ROUNDS, cv2.GC_INIT_WITH_RECT)
    return ((mask & 1) * 255).astype(np.uint8)


def main():
    here = pathlib.Path(__file__).resolve().parent.parent
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else here / "data" / "mini"
    out = pathlib.Path(sys.argv[2]) if len(sys.argv) > 2 else here / "test" / "seed-goldens"
    names = MINI if len(sys.argv) == 1 else None
    out.mkdir(parents=True, exist_ok=True)
    recorded = {}
    for picture in sorted((root / "JPEGImages").iterdir()):
        name = picture.stem
        if names is not None and name not in names:
            continue
        rgb = np.array(Image.open(picture).convert("RGB"))
        height, width = rgb.shape[:2]
        Image.fromarray(rgb).save(out / f"{name}.png", optimize=True)
        count = max(1, round(height * width / AREA))
        ids = slic(rgb, n_segments=count, compactness=COMPACTNESS, start_label=0)
        np.save(out / f"{name}.superpixels.npy", ids.astype(np.int32))
        annotation = root / "Annotations" / f"{name}.xml"
        recorded[name] = boxes_of(annotation, width, height) if annotation.exists() else []
        for index, rectangle in enumerate(recorded[name]):
            Image.fromarray(foreground(rgb, rectangle)).save(out / f"{name}.box{index}.png", optimize=True)
    (out / "boxes.json").write_text(json.dumps(recorded, indent=1) + "\n")
    print(f"{len(recorded)} images, {sum(map(len, recorded.values()))} boxes; OpenCV {cv2.__version__}, in {out}")


if __name__ == "__main__":
    main()
