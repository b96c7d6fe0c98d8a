import pytest
import torch
from transformers import (
    Sam2Config,
    Sam2HieraDetConfig,
    Sam2MaskDecoderConfig,
    Sam2Model,
    Sam2PromptEncoderConfig,
    Sam2VisionConfig,
)

from wm_gym.reconstruction.estimates import DepthEstimate, DepthQuery, Kind
from wm_gym.reconstruction.sam_masks import OutlinedEstimator, SamMasks

SIZE = (48, 64)
LENS = torch.tensor([40.0, 40.0, 32.0, 24.0])


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A SAM 2 with random weights, as small as it can be."""
    torch.manual_seed(0)
    backbone = Sam2HieraDetConfig(
        hidden_size=8, num_attention_heads=1, image_size=[64, 64], blocks_per_stage=[1, 2, 1, 1],
        embed_dim_per_stage=[8, 16, 32, 64], num_attention_heads_per_stage=[1, 1, 2, 2], global_attention_blocks=[2],
        window_positional_embedding_background_size=[4, 4],
    )  # fmt: skip
    vision = Sam2VisionConfig(
        backbone_config=backbone, backbone_channel_list=[64, 32, 16, 8], fpn_hidden_size=32,
        backbone_feature_sizes=[[16, 16], [8, 8], [4, 4]],
    )  # fmt: skip
    prompts = Sam2PromptEncoderConfig(hidden_size=32, image_size=64, patch_size=16, mask_input_channels=4)
    decoder = Sam2MaskDecoderConfig(
        hidden_size=32, mlp_dim=16, num_hidden_layers=1, num_attention_heads=2, iou_head_hidden_dim=16
    )
    path = tmp_path_factory.mktemp("sam2")
    Sam2Model(Sam2Config(vision_config=vision, prompt_encoder_config=prompts, mask_decoder_config=decoder)
              ).save_pretrained(path)  # fmt: skip
    return path


def two_parts():
    mask = torch.zeros(SIZE, dtype=torch.bool)
    mask[10:20, 10:20] = mask[30:40, 40:50] = True
    return mask


def picture():
    return torch.randint(0, 256, (*SIZE, 3), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


def test_a_part_keeps_its_shape_where_the_outline_is_of_something_else(folder):
    masks, mask = SamMasks(folder), two_parts()
    refined = masks.refined(picture(), mask)
    assert refined.shape == mask.shape and refined.dtype == torch.bool
    assert bool(refined[mask].any())
    assert not masks.refined(picture(), torch.zeros_like(mask)).any()


def test_an_outline_takes_the_place_of_a_part_that_it_overlaps(folder, monkeypatch):
    masks, mask = SamMasks(folder), two_parts()
    outline = torch.zeros(2, *SIZE, dtype=torch.bool)
    outline[0, 8:20, 10:20] = True  # two rows more than the first part; nothing of the second
    monkeypatch.setattr(masks, "_outlined", lambda frame, boxes: outline)
    refined = masks.refined(picture(), mask)
    assert torch.equal(refined, outline[0] | (mask & (torch.arange(SIZE[0])[:, None] >= 30)))


def test_estimators_have_their_masks_outlined_or_none(folder):
    class Given:
        kind: Kind = "metric"
        takes_known = True

        def __init__(self, moving):
            self.moving = moving

        def estimate(self, query):
            return DepthEstimate(torch.ones(1, *SIZE), self.moving)

    query = DepthQuery.of_level(picture()[None], LENS)
    moving = 2.0 * two_parts().float()[None] - 1.0
    made = OutlinedEstimator(Given(moving), SamMasks(folder)).estimate(query)
    assert made.moving is not None and set(made.moving.unique().tolist()) <= {-1.0, 1.0}
    assert OutlinedEstimator(Given(None), SamMasks(folder)).estimate(query).moving is None
