"""A tiny Qwen3-VL of the library's own classes: its sizes, its tokenizer and its chat template.

It reads the task and its earlier answers, but not the rules: words cost time. It sees frames
at 48 x 64.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from wm_gym.agents.vlm.prompting import IN_THE_WAY

SPECIAL_TOKENS = (
    "<|endoftext|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|image_pad|>", "<|video_pad|>",
)  # fmt: skip

CHAT_TEMPLATE = (
    "{%- set words = messages[-1]['content'] | selectattr('type', 'equalto', 'text') | map(attribute='text') | list -%}"
    "<|vision_start|><|image_pad|><|vision_end|>{{ words[0] }}{{ '\\n' }}"
    "{%- for text in words[1:] if text.startswith('Before: ') -%}"
    "{%- for line in text[8:].split('\\n') -%}"
    f"{{{{ line.split('. ')[0][13:] }}}}{{{{ '!' if '{IN_THE_WAY}' in line else '' }}}}{{{{ '\\n' }}}}"
    "{%- endfor -%}{%- endfor -%}"
)
"""The picture, the first words of the user, which are the task, and a line for each earlier answer.

An answer at whose end something was in the way has a mark behind it.
"""

SEEN_PIXELS, PATCH_PIXELS = 48 * 64, 8
_ALPHABET = [*map(chr, range(32, 127)), "\n"]


@dataclass(frozen=True)
class TinyConfig:
    """Sizes of a tiny Qwen3-VL.

    Attributes:
        hidden: Width of the text model.
        feed_forward: Inner width of its layers.
        layers: Its layers.
        heads: Its attention heads; half as many for keys and values.
        vision_hidden: Width of the vision model; its heads are 16 wide.
        vision_depth: Layers of the vision model.
        vocabulary: Most tokens, at least 110.
    """

    hidden: int = 64
    feed_forward: int = 96
    layers: int = 3
    heads: int = 2
    vision_hidden: int = 48
    vision_depth: int = 2
    vocabulary: int = 240

    def __post_init__(self) -> None:
        for name in ("hidden", "feed_forward", "layers", "heads", "vision_hidden", "vision_depth"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} must be at least 1, got {getattr(self, name)}")
        if self.heads % 2 or self.hidden % (4 * self.heads):
            raise ValueError(f"heads must be even and hidden a multiple of 4 heads, got {self.heads} and {self.hidden}")
        if self.vision_hidden % 16:
            raise ValueError(f"vision_hidden must be a multiple of 16, got {self.vision_hidden}")
        if self.vocabulary < 110:
            raise ValueError(f"vocabulary must be at least 110, got {self.vocabulary}")


def make_tiny(config: TinyConfig, texts: Iterable[str], seed: int = 0) -> tuple[Any, Any]:
    """A tiny Qwen3-VL without training, and its processor.

    Args:
        config: Its sizes.
        texts: Its tokenizer learns which characters go together from these.
        seed: Of its weights.

    Returns:
        A `Qwen3VLForConditionalGeneration` and a `PictureProcessor`.
    """
    import torch

    from wm_gym.agents.vlm.processing import Qwen3VLForConditionalGeneration

    processor = make_processor(texts, config.vocabulary)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Qwen3VLForConditionalGeneration(_library_config(config, processor.tokenizer))
    return network.eval(), processor


def save_tiny(folder: str | Path, network: Any, processor: Any) -> None:
    """Write a folder that `LocalVLM` and the library can load; weights in bfloat16."""
    import torch

    network.to(torch.bfloat16).save_pretrained(folder)
    processor.save_pretrained(folder)


def make_processor(texts: Iterable[str], vocabulary: int) -> Any:
    """A processor with a tokenizer of its own: byte-level pairs of printable ASCII, merged across words."""
    from transformers import PreTrainedTokenizerFast, Qwen2VLImageProcessorPil

    from wm_gym.agents.vlm.processing import PictureProcessor

    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=_learned_pairs(texts, vocabulary), eos_token="<|im_end|>", pad_token="<|endoftext|>"
    )
    size = {"shortest_edge": SEEN_PIXELS, "longest_edge": SEEN_PIXELS}  # pixels in all, not edges
    pictures = Qwen2VLImageProcessorPil(patch_size=PATCH_PIXELS, temporal_patch_size=1, merge_size=2, size=size)
    return PictureProcessor(pictures, tokenizer, chat_template=CHAT_TEMPLATE)


def _learned_pairs(texts: Iterable[str], vocabulary: int) -> Any:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    # merging across words makes one token of '},{"keys":"'
    split = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer, tokenizer.decoder = split, decoders.ByteLevel()  # pyright: ignore[reportAttributeAccessIssue]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=list(SPECIAL_TOKENS),
        initial_alphabet=[split.pre_tokenize_str(character)[0][0] for character in _ALPHABET],
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def _library_config(config: TinyConfig, tokenizer: Any) -> Any:
    from transformers import Qwen3VLConfig

    number, half = tokenizer.convert_tokens_to_ids, config.hidden // config.heads // 2
    side = half * 5 // 16  # of the rotary angles: time, then height and width
    text = {
        "vocab_size": len(tokenizer), "hidden_size": config.hidden, "intermediate_size": config.feed_forward,
        "num_hidden_layers": config.layers, "num_attention_heads": config.heads,
        "num_key_value_heads": config.heads // 2, "head_dim": 2 * half, "max_position_embeddings": 1024,
        "pad_token_id": tokenizer.pad_token_id, "eos_token_id": tokenizer.eos_token_id, "tie_word_embeddings": True,
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 1e4, "mrope_section": [half - 2 * side, side, side],
            "mrope_interleaved": True,
        },
    }  # fmt: skip
    vision = {
        "depth": config.vision_depth, "hidden_size": config.vision_hidden, "num_heads": config.vision_hidden // 16,
        "intermediate_size": 2 * config.vision_hidden, "out_hidden_size": config.hidden, "patch_size": PATCH_PIXELS,
        "temporal_patch_size": 1, "num_position_embeddings": 64, "deepstack_visual_indexes": [],
    }  # fmt: skip
    tokens = {f"{name}_token_id": number(f"<|{name}_pad|>") for name in ("image", "video")}
    tokens |= {f"vision_{name}_token_id": number(f"<|vision_{name}|>") for name in ("start", "end")}
    return Qwen3VLConfig(text_config=text, vision_config=vision, tie_word_embeddings=True, **tokens)
