"""Writes the small files in test/fixtures/weights that only NumPy and PyTorch themselves can vouch for.

    python scripts/weight-fixtures.py test/fixtures/weights

The NumPy files are named after NumPy's major version: run it once with NumPy 1 and once with NumPy 2. The PyTorch files
are written where torch can be imported. test/npy-dictionary.test.ts and test/pth.test.ts say what must be read.
"""

import collections
import pickle
import sys

import numpy as np

folder = sys.argv[1]


def write_numpy():
    major = np.__version__.split(".")[0]
    maps = {
        np.int64(3): np.asfortranarray(np.arange(6, dtype=">f4").reshape(2, 3)),
        5: np.array([1, -(2**40)]),
        np.uint8(7): np.array([True, False]),
        8: np.zeros((0, 3), "f4"),
        "bär": np.arange(3, dtype="f2") / 2,
        "view": np.arange(12, dtype="i4").reshape(3, 4).T[::2],
    }
    for protocol in (0, 2, 3, 5):
        content = np.array(maps, dtype=object)
        with open(f"{folder}/dictionary-numpy{major}-protocol{protocol}.npy", "wb") as file:
            header = np.lib.format.header_data_from_array_1_0(content)
            np.lib.format.write_array_header_1_0(file, header)
            pickle.dump(content, file, protocol=protocol)
    if major == "2":
        for version in ((1, 0), (2, 0), (3, 0)):
            with open(f"{folder}/array-v{version[0]}.npy", "wb") as file:
                np.lib.format.write_array(file, np.arange(6, dtype=">i2").reshape(2, 3).T, version=version)


def write_detectron():
    """As Detectron2 and Detectron pickle weights. test/mask-rcnn-weights.test.ts says what must be read."""
    model = {
        "backbone.bottom_up.stem.conv1.weight": np.arange(2 * 3 * 7 * 7, dtype="f4").reshape(2, 3, 7, 7),
        "roi_heads.box_predictor.cls_score.bias": np.array([1, 2, 3], "f4"),
        "__note__": "x",
    }
    for protocol in (2, 4):
        with open(f"{folder}/detectron2-protocol{protocol}.pkl", "wb") as file:
            content = {"model": model, "__author__": "somebody", "matching_heuristics": True}
            pickle.dump(content, file, protocol=protocol)
    blobs = {
        "conv1_w": np.zeros((2, 3, 7, 7), "f4"),
        "conv1_w_momentum": np.zeros(3, "f4"),
        "res2_0_branch2a_w": np.ones((2, 2, 1, 1), "f4"),
    }
    with open(f"{folder}/detectron-blobs.pkl", "wb") as file:
        pickle.dump({"blobs": blobs}, file, protocol=2)


def write_torch():
    try:
        import torch
    except ImportError:
        return
    base = torch.arange(12, dtype=torch.float32).reshape(3, 4)
    state = collections.OrderedDict(
        (
            ("module.base", base),
            ("module.columns", base[1:, ::2]),
            ("module.expanded", torch.tensor([2.5]).expand(2, 3)),
            ("module.bfloat16", torch.tensor([1.5, -3.0e38, float("inf")], dtype=torch.bfloat16)),
            ("module.half", torch.tensor([0.5, -2.0**-24], dtype=torch.float16)),
            ("module.int8", torch.tensor([-1, 2], dtype=torch.int8)),
            ("module.int16", torch.tensor([-300, 2], dtype=torch.int16)),
            ("module.int32", torch.tensor([-70000, 2], dtype=torch.int32)),
            ("module.uint16", torch.tensor([60000, 2], dtype=torch.uint16)),
            ("module.parameter", torch.nn.Parameter(torch.ones(1, 2))),
        )
    )
    state._metadata = {"": {"version": 1}}
    checkpoint = {
        "epoch": 7,
        "best": np.float64(0.5),
        "loss": torch.tensor(0.25),
        "arguments": __import__("argparse").Namespace(lr=0.1),
        "state_dict": state,
    }
    torch.save(checkpoint, f"{folder}/torch-zip.pth")
    torch.save(checkpoint, f"{folder}/torch-legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(torch.nn.Linear(1, 1), f"{folder}/torch-model.pth")


write_numpy()
write_detectron()
write_torch()
