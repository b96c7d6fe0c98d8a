"""A Qwen3-VL processor for pictures alone: the library's own wants torchvision for its videos."""

from __future__ import annotations

from typing import Any

try:
    from transformers import ProcessorMixin, Qwen3VLForConditionalGeneration, Qwen3VLProcessor
except ImportError as error:
    raise ImportError("vision-language agents need transformers: pip install 'wm-gym[vlm]'") from error

__all__ = ["PictureProcessor", "Qwen3VLForConditionalGeneration"]


class PictureProcessor(Qwen3VLProcessor):
    """Text and pictures to a model's inputs, as the library's processor makes them, without its videos.

    What it saves is what it loads, and it loads any Qwen3-VL folder.

    Args:
        image_processor: Of pictures.
        tokenizer: Of text, with the image tokens of Qwen3-VL.
        chat_template: In Jinja; None where there is none.
    """

    def __init__(self, image_processor: Any = None, tokenizer: Any = None, chat_template: str | None = None) -> None:
        # the library's class reads the names of its parts off the constructor, so the video processor is left out here
        ProcessorMixin.__init__(self, image_processor, tokenizer, chat_template=chat_template)
        self.image_token, self.video_token = "<|image_pad|>", "<|video_pad|>"
        self.vision_start_token, self.vision_end_token = "<|vision_start|>", "<|vision_end|>"
        for name in ("image", "video", "vision_start", "vision_end"):
            token = tokenizer.convert_tokens_to_ids(getattr(self, f"{name}_token"))
            if token is None or token == tokenizer.unk_token_id:
                raise ValueError(f"the tokenizer must know {getattr(self, f'{name}_token')}, got none of that name")
            setattr(self, f"{name}_token_id", token)

    def to_dict(self) -> dict[str, Any]:
        """Its settings, under the library's own name, for whoever loads the folder with torchvision."""
        return super().to_dict() | {"processor_class": "Qwen3VLProcessor"}
