"""torchvision's side of bench/mask-rcnn.ts: KIND WEIGHTS IMAGE THREADS SHORT -> JSON on standard output."""

import json
import resource
import sys
import time

import torch
from safetensors.torch import load_file
from torchvision.models.detection import maskrcnn_resnet50_fpn


def run_lengths(mask):
    """Of 0 and 1 in turn, down the columns, as COCO counts."""
    flat = mask.T.reshape(-1).int()
    changes = (torch.diff(flat, prepend=torch.zeros(1, dtype=torch.int)) != 0).nonzero().flatten().tolist()
    return [b - a for a, b in zip([0, *changes], [*changes, len(flat)])]


def main(kind, weights, image_file, threads, short):
    torch.set_num_threads(int(threads))
    model = maskrcnn_resnet50_fpn(weights=None, weights_backbone=None, min_size=int(short))
    from torchvision.models.detection.backbone_utils import resnet_fpn_backbone
    from torchvision.ops import FrozenBatchNorm2d

    model.backbone = resnet_fpn_backbone(
        backbone_name="resnet50", weights=None, norm_layer=FrozenBatchNorm2d, trainable_layers=3
    )
    missing, unexpected = model.load_state_dict(load_file(weights), strict=False)
    assert not missing and not unexpected, (missing, unexpected)
    given = load_file(image_file)
    image = given["image"].permute(2, 0, 1) / 255
    found = {}
    if kind == "inference":
        model.eval()

        def run():
            with torch.no_grad():
                [detections] = model([image])
                found["boxes"] = detections["boxes"].tolist()
                found["scores"] = detections["scores"].tolist()
                found["masks"] = [run_lengths(mask[0] > 0.5) for mask in detections["masks"]]
    else:
        model.train()
        boxes = given["boxes"]
        masks = torch.zeros(len(boxes), *image.shape[1:], dtype=torch.uint8)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.int().tolist()):
            mask[y1:y2, x1:x2] = 1
        target = {"boxes": boxes, "labels": torch.arange(1, len(boxes) + 1), "masks": masks}
        optimizer = torch.optim.SGD(
            [p for p in model.parameters() if p.requires_grad], lr=1e-6, momentum=0.9, weight_decay=1e-4
        )

        def run():
            losses = model([image], [dict(target)])
            total = sum(losses.values())
            optimizer.zero_grad()
            total.backward()
            optimizer.step()
            names = ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"]
            found["losses"] = [total.item(), *(losses[name].item() for name in names)]

    run()
    started, cpu = time.perf_counter(), time.process_time()
    run()
    seconds, cpu = time.perf_counter() - started, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": seconds, "cpuSeconds": cpu, "peakGigabytes": peak, **found}))


if __name__ == "__main__":
    main(*sys.argv[1:])
