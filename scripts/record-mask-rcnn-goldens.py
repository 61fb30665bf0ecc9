"""Records what torchvision's Mask R-CNN computes, for test/mask-rcnn.test.ts and its neighbours.

    python scripts/record-mask-rcnn-goldens.py test/mask-rcnn-goldens

needs torch, torchvision and safetensors. The network has a 32nd of the published width; its weights and images are by the
formula of src/weights/formula.ts, so that no file of them is needed. Samplers take every anchor and every proposal, so that
nothing is drawn. `torchvision.safetensors` holds that library's own variant; `detectron2.safetensors` the same network with
the choices of Detectron2's defaults that differ: anchors that are not rounded, ROIAlign with aligned=True and as many samples
as the box has cells, L1 in place of smooth L1, losses of the proposals over a fixed number of anchors, and mask targets of 0
or 1.
"""

import math
import sys

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn
from torchvision.models.detection import MaskRCNN, roi_heads as roi_module, transform as transform_module
from torchvision.models.detection.backbone_utils import BackboneWithFPN
from torchvision.models.detection.faster_rcnn import FastRCNNPredictor, TwoMLPHead
from torchvision.models.detection.mask_rcnn import MaskRCNNHeads, MaskRCNNPredictor
from torchvision.models.resnet import Bottleneck, ResNet
from torchvision.ops import FrozenBatchNorm2d, nms, roi_align

SEED = 5
BASE = 2
CLASSES = 4
SIZE = (96, 128)
EVERYTHING = 100_000
ANCHOR_BATCH = 256


def formula(name, shape, low, high, seed=SEED):
    """As src/weights/formula.ts: FNV-1a of the name, then a mix of the place."""
    h = 0x811C9DC5
    for byte in name.encode("utf-8"):
        h = ((h ^ byte) * 0x01000193) & 0xFFFFFFFF
    base = (h + seed * 0x9E3779B1) & 0xFFFFFFFF
    i = np.arange(int(np.prod(shape)), dtype=np.uint64)
    mask = np.uint64(0xFFFFFFFF)
    x = (np.uint64(base) + i * np.uint64(0x85EBCA77)) & mask
    x = ((x ^ (x >> np.uint64(16))) * np.uint64(0x85EBCA6B)) & mask
    x = ((x ^ (x >> np.uint64(13))) * np.uint64(0xC2B2AE35)) & mask
    x = x ^ (x >> np.uint64(16))
    values = low + (high - low) / 2**32 * x.astype(np.float64)
    return torch.from_numpy(values.astype(np.float32).reshape(shape))


def parameter_range(name, shape):
    """As rangeOf in test/mask-rcnn-network.ts."""
    if name.endswith("running_var") or (len(shape) == 1 and ".bn" in name and name.endswith("weight")):
        return (0.1, 0.3) if name.endswith("bn3.weight") else (0.8, 1.2)
    if len(shape) == 1 and name.endswith("downsample.1.weight"):
        return (0.8, 1.2)
    if len(shape) == 1:
        return (-0.1, 0.1)
    gain = 0.2 if "bbox_pred" in name else 6 if "cls_score" in name else 0.5 if "cls_logits" in name else 1
    bound = gain * math.sqrt(6 / math.prod(shape[1:]))
    return (-bound, bound)


class NarrowResNet(ResNet):
    """torchvision's ResNet50 with BASE channels in its first layer."""

    def __init__(self):
        super().__init__(Bottleneck, [1, 1, 1, 1], norm_layer=FrozenBatchNorm2d)
        self.inplanes = BASE
        self.conv1 = nn.Conv2d(3, BASE, 7, stride=2, padding=3, bias=False)
        self.bn1 = FrozenBatchNorm2d(BASE)
        self.layer1 = self._make_layer(Bottleneck, BASE, 3)
        self.layer2 = self._make_layer(Bottleneck, 2 * BASE, 4, stride=2)
        self.layer3 = self._make_layer(Bottleneck, 4 * BASE, 6, stride=2)
        self.layer4 = self._make_layer(Bottleneck, 8 * BASE, 3, stride=2)


class AlignedPool(nn.Module):
    """Detectron2's pooler: ROIAlign with aligned=True and adaptive sampling, the level by the box's size."""

    def __init__(self, side):
        super().__init__()
        self.side = side

    def forward(self, x, boxes, image_shapes):
        rois = torch.cat([torch.cat([torch.full((len(b), 1), i, dtype=b.dtype), b], 1) for i, b in enumerate(boxes)])
        sizes = torch.sqrt((rois[:, 3] - rois[:, 1]) * (rois[:, 4] - rois[:, 2]))
        levels = torch.floor(4 + torch.log2(sizes / 224 + 1e-8)).clamp(2, 5) - 2
        channels = x["0"].shape[1]
        out = torch.zeros(len(rois), channels, self.side, self.side)
        for level in range(4):
            chosen = torch.where(levels == level)[0]
            pooled = roi_align(x[str(level)], rois[chosen], (self.side, self.side), 1 / 2 ** (level + 2), 0, aligned=True)
            out = out.index_copy(0, chosen, pooled)
        return out


def network():
    backbone = BackboneWithFPN(
        NarrowResNet(),
        {"layer1": "0", "layer2": "1", "layer3": "2", "layer4": "3"},
        [4 * BASE * 2**stage for stage in range(4)],
        4 * BASE,
    )
    channels = 4 * BASE
    model = MaskRCNN(
        backbone,
        min_size=SIZE[0],
        max_size=2 * SIZE[1],
        rpn_pre_nms_top_n_train=200,
        rpn_pre_nms_top_n_test=100,
        rpn_post_nms_top_n_train=120,
        rpn_post_nms_top_n_test=80,
        rpn_batch_size_per_image=EVERYTHING,
        box_batch_size_per_image=EVERYTHING,
        box_head=TwoMLPHead(channels * 49, 16 * BASE),
        box_predictor=FastRCNNPredictor(16 * BASE, CLASSES),
        mask_head=MaskRCNNHeads(channels, (channels,) * 4, 1),
        mask_predictor=MaskRCNNPredictor(channels, channels, CLASSES),
        box_detections_per_img=20,
    )
    state = model.state_dict()
    model.load_state_dict({k: formula(k, tuple(v.shape), *parameter_range(k, tuple(v.shape))) for k, v in state.items()})
    # as published: the stem and the first stage stay as they are
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not name.startswith(("backbone.body.conv1", "backbone.body.layer1")))
    return model


def as_detectron2(model):
    generator = model.rpn.anchor_generator
    cells = []
    for sizes, ratios in zip(generator.sizes, generator.aspect_ratios):
        rows = []
        for size in sizes:
            for ratio in ratios:
                width = math.sqrt(size**2 / ratio)
                height = ratio * width
                rows.append([-width / 2, -height / 2, width / 2, height / 2])
        cells.append(torch.tensor(rows))
    generator.cell_anchors = cells

    def anchors_at_strides(images, maps):
        strides = [(4 * 2**level, 4 * 2**level) for level in range(len(maps))]
        all_anchors = torch.cat(generator.grid_anchors([each.shape[-2:] for each in maps], strides))
        return [all_anchors] * len(images.image_sizes)

    generator.forward = anchors_at_strides
    model.roi_heads.box_roi_pool = AlignedPool(7)
    model.roi_heads.mask_roi_pool = AlignedPool(14)
    rpn = model.rpn

    def compute_loss(objectness, deltas, labels, targets):
        labels, targets = torch.cat(labels), torch.cat(targets)
        positive, used = labels == 1, labels >= 0
        normalizer = ANCHOR_BATCH * 2
        box = (deltas[positive] - targets[positive]).abs().sum() / normalizer
        score = F.binary_cross_entropy_with_logits(objectness.flatten()[used], labels[used], reduction="sum")
        return score / normalizer, box

    rpn.compute_loss = compute_loss
    return model


def fastrcnn_loss_l1(logits, regression, labels, targets):
    labels, targets = torch.cat(labels), torch.cat(targets)
    positive = torch.where(labels > 0)[0]
    regression = regression.reshape(len(labels), -1, 4)
    box = (regression[positive, labels[positive]] - targets[positive]).abs().sum() / labels.numel()
    return F.cross_entropy(logits, labels), box


def binary_mask_targets(masks, boxes, matched, side):
    rois = torch.cat([matched.to(boxes)[:, None], boxes], 1)
    return (roi_align(masks[:, None].to(rois), rois, (side, side), 1.0, 0, aligned=True)[:, 0] >= 0.5).to(rois)


def paste_sampled(masks, boxes, shape, padding=1):
    """Detectron2's: the mask at pixel centres, zeros around it."""
    out = []
    for mask, (x1, y1, x2, y2) in zip(masks, boxes):
        y = (torch.arange(shape[0]) + 0.5 - y1) / (y2 - y1) * 2 - 1
        x = (torch.arange(shape[1]) + 0.5 - x1) / (x2 - x1) * 2 - 1
        grid = torch.stack(torch.meshgrid(y, x, indexing="ij")[::-1], -1)[None]
        out.append(F.grid_sample(mask[None], grid, align_corners=False)[0])
    return torch.stack(out)


def targets():
    """Of two images; the second has overlapping objects and one of a single pixel."""
    boxes = [
        [[10.0, 12.0, 60.0, 70.0], [50.0, 8.0, 120.0, 90.0]],
        [[5.5, 40.25, 40.0, 88.0], [20.0, 30.0, 70.0, 80.0], [100.0, 20.0, 101.0, 21.0]],
    ]
    labels = [[1, 2], [3, 1, 2]]
    out = []
    for b, l in zip(boxes, labels):
        masks = np.zeros((len(b), *SIZE), np.uint8)
        y, x = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
        for mask, (x1, y1, x2, y2) in zip(masks, b):
            inside = ((x - (x1 + x2) / 2) / ((x2 - x1) / 2)) ** 2 + ((y - (y1 + y2) / 2) / ((y2 - y1) / 2)) ** 2
            mask[inside <= 1] = 1
        out.append({"boxes": torch.tensor(b), "labels": torch.tensor(l), "masks": torch.from_numpy(masks)})
    return out


def images():
    return [formula(f"image{i}", (3, *SIZE), 0, 1) for i in range(2)]


def record(variant, out):
    tensors = {}

    def keep(name, tensor):
        tensors[name] = tensor.detach().clone().contiguous()

    build = (lambda: as_detectron2(network())) if variant == "detectron2" else network
    original = roi_module.fastrcnn_loss, roi_module.project_masks_on_boxes, transform_module.paste_masks_in_image
    if variant == "detectron2":
        transform_module.paste_masks_in_image = paste_sampled
        roi_module.fastrcnn_loss, roi_module.project_masks_on_boxes = fastrcnn_loss_l1, binary_mask_targets

    given = targets()
    for i, target in enumerate(given):
        keep(f"target{i}/boxes", target["boxes"])
        keep(f"target{i}/labels", target["labels"].to(torch.int32))
        keep(f"target{i}/masks", target["masks"])

    # inference, inside and out
    model = build().eval()
    with torch.no_grad():
        batch, _ = model.transform([images()[0]])
        maps = model.backbone(batch.tensors)
        for level, value in enumerate(maps.values()):
            keep(f"fpn{level}", value)
        keep("anchors", model.rpn.anchor_generator(batch, list(maps.values()))[0])
        objectness, deltas = model.rpn.head(list(maps.values()))
        keep("objectness", torch.cat([each.permute(0, 2, 3, 1).flatten() for each in objectness]))
        proposals, scores = model.rpn.filter_proposals(
            *proposals_of(model, batch, maps), batch.image_sizes, [each[0].numel() for each in objectness]
        )
        keep("proposals", proposals[0])
        keep("proposal_scores", scores[0])
        pooled = model.roi_heads.box_roi_pool(maps, proposals, batch.image_sizes)
        keep("pooled", pooled[:6])
        logits, regression = model.roi_heads.box_predictor(model.roi_heads.box_head(pooled))
        keep("class_logits", logits)
        keep("box_regression", regression)
        raw, _ = model.roi_heads(maps, proposals, batch.image_sizes)
        keep("masks28", raw[0]["masks"])
        keep_detections(keep, "same", model([images()[0]])[0])
        keep_detections(keep, "resized", model([formula("image2", (3, 75, 110), 0, 1)])[0])

    # training
    model = build().train()
    names = ["loss_objectness", "loss_rpn_box_reg", "loss_classifier", "loss_box_reg", "loss_mask"]
    trained = [(n, p) for n, p in model.named_parameters() if p.requires_grad]
    optimizer = torch.optim.SGD([p for _, p in trained], lr=0.002, momentum=0.9, weight_decay=1e-4)
    history = []
    for step in range(3):
        losses = model(images(), [dict(t) for t in targets()])
        history.append(torch.stack([losses[n].detach() for n in names]))
        optimizer.zero_grad()
        sum(losses.values()).backward()
        if step == 0:
            for name, parameter in trained:
                keep(f"grad/{name}", parameter.grad)
        optimizer.step()
    keep("losses", torch.stack(history))
    for name, parameter in trained:
        keep(f"after/{name}", parameter)
    roi_module.fastrcnn_loss, roi_module.project_masks_on_boxes, transform_module.paste_masks_in_image = original
    save_file(tensors, f"{out}/{variant}.safetensors", {"base": str(BASE), "classes": str(CLASSES), "seed": str(SEED)})
    print(variant, "losses", history[0].tolist(), "detections", len(tensors["same/scores"]), len(tensors["resized/scores"]))


def proposals_of(model, batch, maps):
    from torchvision.models.detection.rpn import concat_box_prediction_layers

    objectness, deltas = model.rpn.head(list(maps.values()))
    anchors = model.rpn.anchor_generator(batch, list(maps.values()))
    objectness, deltas = concat_box_prediction_layers(objectness, deltas)
    return model.rpn.box_coder.decode(deltas, anchors).view(1, -1, 4), objectness.view(1, -1)


def keep_detections(keep, prefix, found):
    for key in ("boxes", "scores"):
        keep(f"{prefix}/{key}", found[key])
    keep(f"{prefix}/labels", found["labels"].to(torch.int32))
    keep(f"{prefix}/areas", (found["masks"][:, 0] > 0.5).sum((1, 2)).to(torch.int32))
    keep(f"{prefix}/masks", np_bits(found["masks"][:4, 0] > 0.5))


def np_bits(masks):
    return torch.from_numpy(np.packbits(masks.numpy().astype(np.uint8), axis=-1))


def record_operations(out):
    """ROIAlign at awkward boxes, with gradients; NMS with ties."""
    tensors = {}
    x = formula("map", (1, 3, 9, 11), -1, 1)
    boxes = torch.tensor(
        [
            [1.0, 1.0, 8.0, 7.0],
            [0.0, 0.0, 44.0, 36.0],  # the whole map at a quarter
            [-20.0, -16.0, 12.0, 9.0],  # begins outside
            [30.0, 28.0, 80.0, 60.0],  # ends outside
            [200.0, 200.0, 260.0, 240.0],  # far outside
            [10.2, 9.7, 10.6, 9.9],  # a fraction of a pixel
            [16.0, 12.0, 16.0, 12.0],  # no size
            [20.0, 12.0, 16.0, 8.0],  # inverted
            [3.3, 2.1, 41.9, 5.2],  # flat
        ]
    )
    tensors["boxes"] = boxes
    rois = torch.cat([torch.zeros(len(boxes), 1), boxes], 1)
    for aligned in (False, True):
        for ratio in (0, 2):
            for side in (3, 7):
                leaf = x.clone().requires_grad_()
                y = roi_align(leaf, rois, (side, side), 0.25, ratio, aligned=aligned)
                y.backward(formula(f"upstream{side}", tuple(y.shape), -1, 1))
                key = f"{'aligned' if aligned else 'shifted'}/{ratio}/{side}"
                tensors[f"{key}/values"], tensors[f"{key}/gradient"] = y.detach(), leaf.grad
    corners = torch.cat([formula(f"corner{i}", (60, 1), 0, 40) for i in range(2)], 1).round()
    sizes = torch.cat([formula(f"size{i}", (60, 1), 4, 24) for i in range(2)], 1).round()
    tensors["nms/boxes"] = torch.cat([corners, corners + sizes], 1)
    tensors["nms/scores"] = (formula("scores", (60,), 0, 6)).floor() / 6  # six different ones: many ties
    for threshold in (0.3, 0.5, 0.7):
        kept = nms(tensors["nms/boxes"], tensors["nms/scores"], threshold)
        tensors[f"nms/{threshold}"] = kept.to(torch.int32)
    save_file({k: v.contiguous() for k, v in tensors.items()}, f"{out}/operations.safetensors")


if __name__ == "__main__":
    torch.manual_seed(0)
    torch.set_num_threads(1)
    for variant in ("torchvision", "detectron2"):
        record(variant, sys.argv[1])
    record_operations(sys.argv[1])
