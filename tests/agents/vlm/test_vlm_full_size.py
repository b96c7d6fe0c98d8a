"""The full-size model goes through the code that the tiny one goes through: names and shapes, without any memory."""

import pytest
import torch
from transformers import Qwen3VLConfig

from wm_gym.agents.vlm.processing import Qwen3VLForConditionalGeneration
from wm_gym.agents.vlm.trained_weights import TrainedWeights
from wm_gym.agents.vlm.training import VLMTrainConfig, adapted

HIDDEN, LAYERS, HEADS, KEY_HEADS, HEAD, FEED_FORWARD, WORDS = 2048, 28, 16, 8, 128, 6144, 151_936
SEEING, DEPTH, SEEING_FORWARD, PATCH = 1024, 24, 4096, 16
DEEP = (5, 11, 17)


@pytest.fixture(scope="module")
def qwen():
    """Qwen3-VL-2B-Instruct on the meta device."""
    text = {
        "hidden_size": HIDDEN, "num_hidden_layers": LAYERS, "num_attention_heads": HEADS, "head_dim": HEAD,
        "num_key_value_heads": KEY_HEADS, "intermediate_size": FEED_FORWARD, "vocab_size": WORDS,
        "max_position_embeddings": 262_144, "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 5e6, "mrope_section": [24, 20, 20], "mrope_interleaved": True,
        },
    }  # fmt: skip
    vision = {
        "depth": DEPTH, "hidden_size": SEEING, "num_heads": 16, "intermediate_size": SEEING_FORWARD,
        "out_hidden_size": HIDDEN, "patch_size": PATCH, "num_position_embeddings": 2304,
        "deepstack_visual_indexes": list(DEEP),
    }  # fmt: skip
    with torch.device("meta"):
        return Qwen3VLForConditionalGeneration(
            Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True)
        )


def expected_shapes():
    shapes = {
        "model.language_model.embed_tokens.weight": (WORDS, HIDDEN),
        "model.language_model.norm.weight": (HIDDEN,),
        "lm_head.weight": (WORDS, HIDDEN),
        "model.visual.patch_embed.proj.weight": (SEEING, 3, 2, PATCH, PATCH),
        "model.visual.patch_embed.proj.bias": (SEEING,),
        "model.visual.pos_embed.weight": (2304, SEEING),
    }
    for layer in range(LAYERS):
        shapes |= {f"model.language_model.layers.{layer}.{name}": shape for name, shape in _text_layer().items()}
    for layer in range(DEPTH):
        shapes |= {f"model.visual.blocks.{layer}.{name}": shape for name, shape in _vision_layer().items()}
    for name, normed in (("merger", SEEING), *((f"deepstack_merger_list.{k}", 4 * SEEING) for k in range(len(DEEP)))):
        merger = {"norm": (normed,), "linear_fc1": (4 * SEEING, 4 * SEEING), "linear_fc2": (HIDDEN, 4 * SEEING)}
        for part, shape in merger.items():
            shapes |= {f"model.visual.{name}.{part}.weight": shape, f"model.visual.{name}.{part}.bias": shape[:1]}
    return shapes


def _text_layer():
    queries, keys = HEADS * HEAD, KEY_HEADS * HEAD
    return {
        "self_attn.q_proj.weight": (queries, HIDDEN), "self_attn.k_proj.weight": (keys, HIDDEN),
        "self_attn.v_proj.weight": (keys, HIDDEN), "self_attn.o_proj.weight": (HIDDEN, queries),
        "self_attn.q_norm.weight": (HEAD,), "self_attn.k_norm.weight": (HEAD,),
        "mlp.gate_proj.weight": (FEED_FORWARD, HIDDEN), "mlp.up_proj.weight": (FEED_FORWARD, HIDDEN),
        "mlp.down_proj.weight": (HIDDEN, FEED_FORWARD), "input_layernorm.weight": (HIDDEN,),
        "post_attention_layernorm.weight": (HIDDEN,),
    }  # fmt: skip


def _vision_layer():
    linear = {
        "attn.qkv": (3 * SEEING, SEEING), "attn.proj": (SEEING, SEEING), "mlp.linear_fc1": (SEEING_FORWARD, SEEING),
        "mlp.linear_fc2": (SEEING, SEEING_FORWARD), "norm1": (SEEING,), "norm2": (SEEING,),
    }  # fmt: skip
    return {f"{name}.{part}": shape[:1] if part == "bias" else shape
            for name, shape in linear.items() for part in ("weight", "bias")}  # fmt: skip


def test_every_name_and_shape_of_the_published_model_is_there(qwen):
    assert {name: tuple(value.shape) for name, value in qwen.state_dict().items()} == expected_shapes()


def test_it_has_two_billion_parameters(qwen):
    assert sum(one.numel() for one in qwen.parameters()) == 2_127_532_032


def test_an_adapter_fits_its_text_model_and_is_all_that_is_trained(qwen):
    with torch.device("meta"):
        network = adapted(qwen, VLMTrainConfig(output="unused", lora_rank=8))
    trained = TrainedWeights(network)
    assert len(trained.weights) == 2 * 7 * LAYERS
    assert all("lora_" in name and "language_model" in name for name in trained.weights)
    shapes = _text_layer()
    wanted = sum(8 * sum(shape) for name, shape in shapes.items() if name.endswith("proj.weight"))
    assert sum(one.numel() for one in trained.parameters()) == LAYERS * wanted
