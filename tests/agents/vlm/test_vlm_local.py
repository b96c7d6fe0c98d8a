from dataclasses import replace

import numpy as np
import pytest
import torch
from transformers import PreTrainedTokenizerFast

from wm_gym.agents.vlm.chunk import ChunkLanguage
from wm_gym.agents.vlm.constrained import TokenTree
from wm_gym.agents.vlm.grammar import ChoiceGrammar, ChunkGrammar
from wm_gym.agents.vlm.local import LocalConfig, LocalVLM
from wm_gym.agents.vlm.processing import PictureProcessor
from wm_gym.agents.vlm.prompting import Prompt, endpoint_messages, local_messages, task_text
from wm_gym.agents.vlm.tiny import TinyConfig, make_tiny, save_tiny

LANGUAGE = ChunkLanguage(most_steps=9, most_parts=2)
GRAMMAR = ChunkGrammar(LANGUAGE)


def generators(*seeds):
    return [torch.Generator().manual_seed(seed) for seed in seeds]


def prompts_like(prompt, count):
    rng = np.random.default_rng(1)
    return [
        Prompt(prompt.system, "turn left" + " now" * k, rng.integers(0, 256, (36, 48, 3), np.uint8))
        for k in range(count)
    ]


@pytest.mark.parametrize("temperature", [0.0, 1.0, 30.0])
def test_every_answer_of_a_model_without_training_is_legal(tiny, prompt, temperature):
    model = LocalVLM.of(*tiny, LocalConfig(temperature=temperature))
    for seed in range(3):
        replies = model.write(prompts_like(prompt, 4), GRAMMAR, generators(*range(4 * seed, 4 * seed + 4)))
        assert all(LANGUAGE.write(LANGUAGE.parse(reply.text)) == reply.text for reply in replies)


def test_a_sample_depends_on_its_own_seed_alone(tiny, prompt):
    model = LocalVLM.of(*tiny, LocalConfig(temperature=2.0))
    prompts = prompts_like(prompt, 3)
    together = [reply.text for reply in model.write(prompts, GRAMMAR, generators(5, 6, 7))]
    alone = [
        model.write([one], GRAMMAR, generators(seed))[0].text for one, seed in zip(prompts, (5, 6, 7), strict=True)
    ]
    assert together == alone
    others = [reply.text for reply in model.write([prompts[0]] * 20, GRAMMAR, generators(*range(20)))]
    assert len(set(others)) > 5


def test_one_of_a_few_texts_can_be_asked_for(tiny, prompt):
    model = LocalVLM.of(*tiny, LocalConfig(temperature=5.0))
    choices = ("nothing", "night falls", "the fog lifts")
    replies = model.write([prompt] * 6, ChoiceGrammar(choices), generators(*range(6)))
    assert {reply.text for reply in replies} <= set(choices)


def test_a_folder_loads_as_it_was_saved(tiny, prompt, tmp_path):
    network, processor = make_tiny(TinyConfig(layers=1, vision_depth=1, vocabulary=120), ["turn left"], seed=1)
    save_tiny(tmp_path, network, processor)
    loaded = LocalVLM(LocalConfig(model=str(tmp_path)))
    assert loaded.processor.to_dict() == processor.to_dict()
    assert loaded.processor.chat_template == processor.chat_template
    assert loaded.processor.tokenizer.get_vocab() == processor.tokenizer.get_vocab()
    kept = loaded.network.state_dict()
    for name, value in network.state_dict().items():
        assert torch.equal(kept[name], value.float()), name
    inputs, same = loaded.inputs([prompt]), LocalVLM.of(network.float(), processor).inputs([prompt])
    assert all(torch.equal(inputs[name], same[name]) for name in same)


def test_a_frame_of_any_size_becomes_twelve_visual_tokens(tiny):
    for shape in ((48, 64, 3), (36, 48, 3), (192, 256, 3)):
        inputs = LocalVLM.of(*tiny).inputs([Prompt("", "go", np.zeros(shape, np.uint8))])
        assert (inputs["mm_token_type_ids"] == 1).sum() == 12


def test_a_tiny_model_reads_task_and_answers_and_a_whole_one_everything(tiny, prompt):
    _, processor = tiny
    text = processor.apply_chat_template(local_messages(prompt), add_generation_prompt=True, tokenize=False)
    assert text == "<|vision_start|><|image_pad|><|vision_end|>turn left\n[]\n"
    walked = (('[{"keys":"J","steps":2}]', "You look left."), ("[1]", "You walk forward. Something is in your way."))
    for history, told in (((), ""), (walked, '[{"keys":"J","steps":2}]\n[1]!\n')):
        messages = local_messages(replace(prompt, history=history))
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        assert text == "<|vision_start|><|image_pad|><|vision_end|>turn left\n" + told
    words = [part["text"] for part in local_messages(prompt)[1]["content"][1:]]
    told = endpoint_messages(prompt)[1]["content"]
    assert [part["text"] for part in told[1:]] == words and told[0]["image_url"]["url"].startswith("data:image/png;")
    assert words[1:] == ["Before: You answered []. You stand still.", "Now: You walk forward."]


def test_the_goal_is_told_in_words():
    assert task_text("Go.", np.array([3.0, 3.0])) == "Go. The goal is 4.2 metres away, 45 degrees to the left."
    assert task_text("Go.", np.array([0.0, -2.0])) == "Go. The goal is 2.0 metres away, 90 degrees to the right."
    assert task_text("Go.", np.array([5.0, 0.1])) == "Go. The goal is 5.0 metres away, straight ahead."
    assert task_text("Go.") == "Go."


def word_tokenizer(characters):
    """A tokenizer with a piece for each character, and a few longer ones."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers

    pieces = [*characters, '[{"', 'keys":"', '","steps":', "},{", "}]", "44", "WJ"]
    vocabulary = {piece: number for number, piece in enumerate(["<end>", *pieces])}
    tokenizer = Tokenizer(models.WordLevel(vocabulary, unk_token="<end>"))
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizers.Split("", "isolated"), decoders.Fuse()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<end>")


def test_the_pieces_of_any_tokenizer_are_found():
    tree = TokenTree(word_tokenizer(sorted(GRAMMAR.alphabet)), GRAMMAR.alphabet)
    assert {"[", '[{"', "WJ", "44", '","steps":'} <= set(tree.texts.values())


def test_a_tokenizer_that_cannot_write_the_grammar_is_refused():
    with pytest.raises(ValueError, match=r"^the tokenizer must have a piece for each of .*, got none for \['W'\]"):
        TokenTree(word_tokenizer(sorted(GRAMMAR.alphabet - {"W"})), GRAMMAR.alphabet)


def test_a_processor_needs_the_tokens_of_qwen(tiny):
    with pytest.raises(ValueError, match=r"^the tokenizer must know <\|image_pad\|>, got none of that name"):
        PictureProcessor(tiny[1].image_processor, word_tokenizer("ab"))
