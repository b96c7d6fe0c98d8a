"""Depth models of the transformers library with random weights, as small as they can be, in folders."""

from pathlib import Path

import torch
from transformers import (
    DepthAnythingConfig,
    DepthAnythingForDepthEstimation,
    DPTConfig,
    DPTForDepthEstimation,
    DPTImageProcessor,
    ZoeDepthConfig,
    ZoeDepthForDepthEstimation,
    ZoeDepthImageProcessor,
)

BACKBONE = {
    "model_type": "dinov2", "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2, "image_size": 28,
    "patch_size": 14, "out_features": ["stage1", "stage2", "stage3", "stage4"], "reshape_hidden_states": False,
    "apply_layernorm": True,
}  # fmt: skip
SIZE = {"height": 28, "width": 28}


def depth_anything(kind: str):
    config = DepthAnythingConfig(
        backbone_config=BACKBONE, reassemble_hidden_size=16, patch_size=14, neck_hidden_sizes=[4, 8, 8, 8],
        fusion_hidden_size=8, head_hidden_size=4, depth_estimation_type=kind, max_depth=20,
    )  # fmt: skip
    return DepthAnythingForDepthEstimation(config), DPTImageProcessor(size=SIZE)


def dpt():
    config = DPTConfig(
        hidden_size=16, num_hidden_layers=4, num_attention_heads=2, intermediate_size=16, image_size=32, patch_size=16,
        backbone_out_indices=[0, 1, 2, 3], neck_hidden_sizes=[4, 8, 8, 8], fusion_hidden_size=8, is_hybrid=False,
    )  # fmt: skip
    return DPTForDepthEstimation(config), DPTImageProcessor(size={"height": 32, "width": 32})


def zoedepth():
    backbone = {
        "model_type": "beit", "hidden_size": 16, "num_hidden_layers": 4, "num_attention_heads": 2,
        "intermediate_size": 16, "image_size": 32, "patch_size": 16,
        "out_features": ["stage1", "stage2", "stage3", "stage4"], "reshape_hidden_states": False,
        "use_relative_position_bias": True,
    }  # fmt: skip
    config = ZoeDepthConfig(
        backbone_config=backbone, neck_hidden_sizes=[4, 8, 8, 8], fusion_hidden_size=8, bottleneck_features=8,
        num_relative_features=4, bin_embedding_dim=8, num_attractors=[4, 2, 2, 1], num_patch_transformer_layers=1,
        patch_transformer_hidden_size=8, patch_transformer_intermediate_size=8, patch_transformer_num_attention_heads=2,
    )  # fmt: skip
    return ZoeDepthForDepthEstimation(config), ZoeDepthImageProcessor(size={"height": 32, "width": 32})


MODELS = {
    "depth_anything": (lambda: depth_anything("relative"), "disparity"),
    "depth_anything_metric": (lambda: depth_anything("metric"), "metric"),
    "dpt": (dpt, "disparity"),
    "zoedepth": (zoedepth, "metric"),
}


def write_model(folder: Path, name: str) -> Path:
    torch.manual_seed(0)
    model, processor = MODELS[name][0]()
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return folder
