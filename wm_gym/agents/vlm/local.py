"""A Qwen3-VL on this machine, through the transformers library: pictures and words in, texts of a grammar out."""

from __future__ import annotations

import time
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from PIL import Image

from wm_gym.agents.vlm.constrained import ConstrainedWriting, TokenTree
from wm_gym.agents.vlm.grammar import Grammar
from wm_gym.agents.vlm.prompting import Prompt, local_messages
from wm_gym.agents.vlm.replies import Reply

SHIPPED = Path(__file__).parent / "shipped"
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


@dataclass(frozen=True)
class LocalConfig:
    """Which model, and how it writes.

    Attributes:
        model: Folder or hub id of a Qwen3-VL; empty for the tiny one that ships.
        adapter: Folder of a LoRA adapter on it; empty for none.
        device: As torch knows it.
        dtype: "float32", "bfloat16" or "float16".
        temperature: 0 for the likeliest answer; above, answers are sampled.
    """

    model: str = ""
    adapter: str = ""
    device: str = "cpu"
    dtype: str = "float32"
    temperature: float = 0.0

    def __post_init__(self) -> None:
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {sorted(DTYPES)}, got {self.dtype!r}")
        if not 0 <= self.temperature < float("inf"):
            raise ValueError(f"temperature must be at least 0, got {self.temperature}")


class LocalVLM:
    """Writes answers with a model on this machine.

    Args:
        config: Which model, and how it writes.

    Raises:
        ImportError: If the transformers library is not installed.
        ValueError: If there is no such model.
    """

    def __init__(self, config: LocalConfig | None = None) -> None:
        self.config = config or LocalConfig()
        network, processor = load_vlm(self.config.model, DTYPES[self.config.dtype])
        if self.config.adapter:
            network = _with_adapter(network, self.config.adapter)
        self._begin(network, processor)

    @classmethod
    def of(cls, network: Any, processor: Any, config: LocalConfig | None = None) -> LocalVLM:
        """Of a model that is loaded already."""
        self = cls.__new__(cls)
        self.config = config or LocalConfig()
        self._begin(network, processor)
        return self

    def _begin(self, network: Any, processor: Any) -> None:
        self.network, self.processor = network.to(self.config.device).eval(), processor
        self._trees: dict[frozenset[str], TokenTree] = {}
        self._kept: dict[Grammar, dict[Hashable, list[int]]] = {}

    def write(
        self, prompts: Sequence[Prompt], grammar: Grammar, generators: Sequence[torch.Generator] = ()
    ) -> list[Reply]:
        """N answers in one batch, each a text of the grammar."""
        began = time.perf_counter()
        texts = self._generate(prompts, grammar, generators)
        seconds = (time.perf_counter() - began) / len(prompts)
        return [Reply(text, seconds) for text in texts]

    @torch.no_grad()
    def _generate(
        self, prompts: Sequence[Prompt], grammar: Grammar, generators: Sequence[torch.Generator]
    ) -> list[str]:
        inputs = self.inputs(prompts)
        tokenizer = self.processor.tokenizer
        written = self.network.generate(
            **inputs,
            max_new_tokens=grammar.most_characters + 1,
            do_sample=False,
            eos_token_id=tokenizer.eos_token_id,
            pad_token_id=tokenizer.eos_token_id,
            logits_processor=[self._constraint(grammar, generators)],
        )
        answers = written[:, inputs["input_ids"].shape[1] :]
        return tokenizer.batch_decode(answers, skip_special_tokens=True, clean_up_tokenization_spaces=False)

    def inputs(self, prompts: Sequence[Prompt]) -> Any:
        """The model's inputs for N prompts, filled up on the left."""
        texts = [
            self.processor.apply_chat_template(local_messages(prompt), add_generation_prompt=True, tokenize=False)
            for prompt in prompts
        ]
        pictures = [[Image.fromarray(prompt.frame)] for prompt in prompts]
        made = self.processor(text=texts, images=pictures, padding=True, padding_side="left", return_tensors="pt")
        return made.to(self.config.device)

    def _constraint(self, grammar: Grammar, generators: Sequence[torch.Generator]) -> Any:
        tokenizer = self.processor.tokenizer
        if grammar.alphabet not in self._trees:
            self._trees[grammar.alphabet] = TokenTree(tokenizer, grammar.alphabet)
        return ConstrainedWriting(
            grammar,
            self._trees[grammar.alphabet],
            tokenizer.eos_token_id,
            temperature=self.config.temperature,
            generators=generators,
            kept=self._kept.setdefault(grammar, {}),
        )


def load_vlm(model: str, dtype: torch.dtype = torch.float32) -> tuple[Any, Any]:
    """A Qwen3-VL and its processor.

    Args:
        model: Folder or hub id; empty for the tiny one that ships. A folder is loaded without a network.
        dtype: Of the weights.

    Raises:
        ValueError: If there is no such model.
    """
    from wm_gym.agents.vlm.processing import PictureProcessor, Qwen3VLForConditionalGeneration

    path = model or str(SHIPPED)
    is_folder = Path(path).is_dir()
    try:
        processor = PictureProcessor.from_pretrained(path, local_files_only=is_folder)
        network = Qwen3VLForConditionalGeneration.from_pretrained(path, local_files_only=is_folder, dtype=dtype)
    except (OSError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise ValueError(f"model must be a folder or hub id of a Qwen3-VL, got {path!r}: {reason}") from error
    return network, processor


def _with_adapter(network: Any, folder: str) -> Any:
    try:
        from peft import PeftModel
    except ImportError as error:
        raise ImportError("LoRA adapters need peft: pip install 'wm-gym[vlm]'") from error
    return PeftModel.from_pretrained(network, folder).merge_and_unload()
