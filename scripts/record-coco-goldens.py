"""Records what pycocotools makes of drawn masks, polygons and detections, for the tests to compare with.

    python3 -m venv venv && venv/bin/pip install numpy pycocotools==2.0.11
    venv/bin/python scripts/record-coco-goldens.py              # -> test/coco-goldens

masks.json: masks as run lengths, their areas and boxes; polygons as masks; IoU of masks and boxes, crowds among them.
NAME.gt.json, NAME.results.json, NAME.figures.json: a data set, detections, and every figure of COCOeval for masks and
boxes, all classes together and each by itself. The random numbers have fixed seeds: the same bytes on each run.
"""

import contextlib
import io
import json
import pathlib
import sys

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

KEYS = ["AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl"]


def main(folder):
    folder.mkdir(parents=True, exist_ok=True)
    write(folder / "masks.json", mask_cases(np.random.default_rng(1)))
    for name, (truth, results) in evaluation_cases().items():
        write(folder / f"{name}.gt.json", truth)
        write(folder / f"{name}.results.json", results)
        write(folder / f"{name}.figures.json", figures(truth, results))


def write(path, value):
    path.write_text(json.dumps(value, separators=(",", ":")) + "\n")


# --- masks ---


def mask_cases(rng):
    cases = {"masks": [], "polygons": [], "overlaps": []}
    for share in [0, 0.1, 0.5, 0.9, 1] * 4:
        height, width = (int(side) for side in rng.integers(1, 16, 2))
        rle = encoded(rng.random((height, width)) < share)
        pixels = "".join(str(int(v)) for v in coco_mask.decode(rle).ravel())
        cases["masks"].append({"width": width, "height": height, "pixels": pixels, **measures(rle)})
    for index in range(45):
        height, width = (int(side) for side in rng.integers(1, 40, 2))
        polygons = []
        for _ in range(int(rng.integers(1, 4))):
            corners = int(rng.integers(3, 9))
            polygon = (rng.random(2 * corners) * 1.6 - 0.3) * np.tile([width, height], corners)
            grain = [1, 2, 100][index % 3]  # whole pixels, halves, hundredths: half of it outside the image at times
            polygons.append((np.round(polygon * grain) / grain).tolist())
        rle = coco_mask.merge(coco_mask.frPyObjects(polygons, height, width))
        cases["polygons"].append({"width": width, "height": height, "polygons": polygons, **measures(rle)})
    for share in [0, 0.1, 0.5, 0.9] * 5:
        height, width = (int(side) for side in rng.integers(1, 16, 2))
        masks = [encoded(rng.random((height, width)) < p) for p in (share, 0.4)]
        boxes = np.round(rng.random((2, 4)) * 20, 2).tolist()
        cases["overlaps"].append(
            {
                "width": width,
                "height": height,
                "masks": [rle["counts"].decode() for rle in masks],
                "boxes": boxes,
                "iou": [float(coco_mask.iou(masks[:1], masks[1:], [crowd])[0, 0]) for crowd in (0, 1)],
                "boxIou": [float(coco_mask.iou(boxes[:1], boxes[1:], [crowd])[0, 0]) for crowd in (0, 1)],
                "union": coco_mask.merge(masks)["counts"].decode(),
            }
        )
    return cases


def encoded(pixels):
    return coco_mask.encode(np.asfortranarray(pixels.astype(np.uint8)))


def measures(rle):
    return {
        "counts": rle["counts"].decode(),
        "area": int(coco_mask.area(rle)),
        "box": coco_mask.toBbox(rle).tolist(),
    }


# --- evaluation ---


def evaluation_cases():
    return {
        "crowded": scenes(seed=2, images=12, categories=4, objects=6, size=(160, 120), crowds=True),
        "tied": scenes(seed=3, images=8, categories=3, objects=5, size=(48, 40), scores=[0.25, 0.5, 0.75]),
        "many": scenes(seed=4, images=2, categories=1, objects=8, size=(64, 64), extra=130),
        "empty": scenes(seed=5, images=3, categories=2, objects=0, size=(32, 32), extra=2),
    }


def scenes(seed, images, categories, objects, size, crowds=False, scores=None, extra=3):
    """Ellipses as truth, as polygons or run lengths; shaken copies and strangers as results; every third image has none."""
    rng = np.random.default_rng(seed)
    width, height = size
    truth = {
        "images": [{"id": 10 * i + 7, "file_name": f"{i:04d}.jpg", "width": width, "height": height} for i in range(images)][::-1],
        "categories": [{"id": 3 * c + 2, "name": f"class {c}"} for c in range(categories)],
        "annotations": [],
    }
    results = []
    for index, image in enumerate(truth["images"]):
        for _ in range(objects if index % 3 else 0):
            ellipse = random_ellipse(rng, width, height)
            category = 3 * int(rng.integers(categories)) + 2
            is_crowd = crowds and rng.random() < 0.15
            rle = drawn(ellipse, width, height)
            annotation = {
                "id": len(truth["annotations"]) + 1,
                "image_id": image["id"],
                "category_id": category,
                "iscrowd": int(is_crowd),
                "area": int(coco_mask.area(rle)),
                "bbox": coco_mask.toBbox(rle).tolist(),
                "segmentation": plain(rle) if is_crowd else outline(ellipse) if rng.random() < 0.5 else text(rle),
            }
            truth["annotations"].append(annotation)
            for _ in range(int(rng.integers(0, 4))):
                shaken = ellipse + rng.normal(0, rng.choice([0.5, 2, 6]), 4)
                other = 3 * int(rng.integers(categories)) + 2 if rng.random() < 0.1 else category
                results.append(result(rng, image, other, shaken, scores))
        for _ in range(extra):
            category = 3 * int(rng.integers(categories)) + 2
            results.append(result(rng, image, category, random_ellipse(rng, width, height), scores))
    order = rng.permutation(len(results))
    return truth, [results[i] for i in order]


def random_ellipse(rng, width, height):
    """Middle and half axes: small, medium and large by COCO's measure where the image is large enough."""
    half = rng.choice([0.06, 0.15, 0.45]) * rng.uniform(0.6, 1.2, 2) * [width, height]
    return np.concatenate([rng.random(2) * [width, height], half])


def drawn(ellipse, width, height):
    x, y, a, b = ellipse
    v, u = np.mgrid[:height, :width]
    return encoded(((u - x) / max(a, 0.6)) ** 2 + ((v - y) / max(b, 0.6)) ** 2 <= 1)


def outline(ellipse):
    x, y, a, b = ellipse
    angles = np.linspace(0, 2 * np.pi, 12, endpoint=False)
    corners = np.stack([x + a * np.cos(angles), y + b * np.sin(angles)], 1)
    return [np.round(corners, 2).ravel().tolist()]


def text(rle):
    return {"size": rle["size"], "counts": rle["counts"].decode()}


def plain(rle):
    """Uncompressed run lengths, as COCO's own files write crowds."""
    flat = coco_mask.decode(rle).ravel(order="F")
    changes = np.flatnonzero(np.diff(np.concatenate([[0], flat])))
    return {"size": rle["size"], "counts": np.diff(np.concatenate([[0], changes, [flat.size]])).tolist()}


def result(rng, image, category, ellipse, scores):
    rle = drawn(ellipse, image["width"], image["height"])
    score = rng.choice(scores) if scores else np.round(rng.random(), 3)
    box = coco_mask.toBbox(rle) + np.round(rng.random(4), 2)  # a detector's box is not its mask's
    return {
        "image_id": image["id"],
        "category_id": category,
        "score": float(score),
        "bbox": np.round(box, 2).tolist(),
        "segmentation": text(rle),
    }


def figures(truth, results):
    """Masks are judged without the boxes beside them, as Detectron2 does: else pycocotools takes the box's area for theirs."""
    masks = [{key: value for key, value in entry.items() if key != "bbox"} for entry in results]
    boxes = [{key: value for key, value in entry.items() if key != "segmentation"} for entry in results]
    return {"segm": evaluated(truth, masks, "segm"), "bbox": evaluated(truth, boxes, "bbox")}


def evaluated(truth, results, kind):
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = json.loads(json.dumps(truth))
        coco.createIndex()
        found = coco.loadRes(json.loads(json.dumps(results)))
        evaluation = COCOeval(coco, found, kind)
        evaluation.evaluate()
        evaluation.accumulate()
        evaluation.summarize()
    per_class = {}
    for index, category in enumerate(truth["categories"]):
        precision = evaluation.eval["precision"][:, :, index, 0, 2]
        seen = precision[precision > -1]
        per_class[category["name"]] = float(np.mean(seen)) if seen.size else -1.0
    curve = evaluation.eval["precision"][0, :, 0, 0, 2]
    return {**dict(zip(KEYS, evaluation.stats.tolist())), "perClass": per_class, "curve50": curve.tolist()}


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else "test/coco-goldens"))
