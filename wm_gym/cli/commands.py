"""The commands as rows: name, settings, function and summary. Heavy modules are imported when a command runs."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any, NoReturn

from wm_gym.agents.trainable import TRAINABLE
from wm_gym.choices import did_you_mean
from wm_gym.train_world.recipes import RECIPES, RecipeRow


@dataclass(frozen=True)
class Command:
    """One command.

    Attributes:
        name: As it is typed.
        config: "module:Class" of its settings; empty for none.
        run: Takes an object of that class (or None, or what argparse read) and returns the exit status.
        summary: One line.
        arguments: Tells argparse what it takes instead of settings.
        recipes: Commands of which one is chosen by `recipe=NAME`, named "train recipe=NAME".
        chosen_by: The word in front of that name.
        sweeps: Whether `--multirun` runs it once for each combination of the values that are given.
    """

    name: str
    config: str
    run: Callable[[Any], int]
    summary: str
    arguments: Callable[[argparse.ArgumentParser], None] | None = None
    recipes: tuple[Command, ...] = ()
    chosen_by: str = "recipe"
    sweeps: bool = False


def config_class(command: Command) -> type[Any]:
    """The class of a command's settings."""
    module, _, name = command.config.partition(":")
    return getattr(import_module(module), name)


def _demo(config: Any) -> int:
    from wm_gym.demo import run_demo

    figures = run_demo(config)
    for name, value in figures.items():
        print(f"{name:30s} {value:10.3f}")
    if config.compare and "psnr_db" not in figures:
        print("not compared with the twin, which needs ViZDoom (pip install 'wm-gym[twin]') and a place of its own")
    print(f"walk.mp4, walk.png, cloud.ply and report.json are in {config.output}")
    return 0


def _collect(config: Any) -> int:
    from wm_gym.train_world.data.collect import collect

    manifest = collect(config)
    print(f"{manifest['num_clips']} clips of {manifest['frames_per_clip']} frames are in {config.output}")
    return 0


def _capture(config: Any) -> int:
    from wm_gym.train_world.data.capture_scene import capture

    path = capture(config)
    print(f"{path} holds the capture, {path.stat().st_size / 1000:.0f} kB")
    if config.from_:
        print(f"{path.with_suffix('.json')} says what was kept and why")
    return 0


def _check_capture(config: Any) -> int:
    """Exit status 1: something is wrong."""
    from wm_gym.evaluation.capture_check import check_capture

    figures, problems = check_capture(config)
    for name, value in figures.items():
        print(f"{name:24s} {value}")
    print("\n".join(problems) or "nothing wrong was found")
    print(f"{config.output} shows its key frames")
    return 1 if problems else 0


def _export(config: Any) -> int:
    from wm_gym.world.exporting import export

    print(f"{config.output} holds {export(config)}")
    return 0


def _export_recordings(config: Any) -> int:
    from wm_gym.train_world.exchange.commands import export_recordings

    print(f"{config.output} holds {export_recordings(config)} clips for {config.what}")
    return 0


def _import_recordings(config: Any) -> int:
    from wm_gym.train_world.exchange.commands import import_recordings

    print(f"{config.output} holds {import_recordings(config)} clips")
    return 0


def _curate(config: Any) -> int:
    from wm_gym.agents.vlm.captioning import captioner
    from wm_gym.train_world.curation.curate import curate

    asked = config.captions
    caption = captioner(asked.endpoint, asked.model, asked.settings) if asked.endpoint else None
    for reason, count in sorted(curate(config, caption).items(), key=lambda row: -row[1]):
        print(f"{reason:24s} {count}")
    print(f"{config.output} holds spans.csv and spans.json")
    return 0


def _train(row: RecipeRow) -> Callable[[Any], int]:
    def run(config: Any) -> int:
        print(row.train(config))
        return 0

    return run


def _gather_scene_bank(config: Any) -> int:
    from wm_gym.train_world.data.gather_scene_bank import gather_scene_bank

    paths = gather_scene_bank(config)
    size = sum(path.stat().st_size for path in paths)
    print(f"{config.output} holds {len(paths)} places, {size / 1e6:.1f} MB")
    return 0


def _eval_events(config: Any) -> int:
    from wm_gym.evaluation.suites.evaluating import eval_events

    figures = eval_events(config)
    for name, value in figures.items():
        if isinstance(value, float) and not name.endswith(("_low", "_high")):
            print(f"{name:28s} {value:8.3f}")
    print(f"index.html, suite.csv and suite.json are in {config.output}")
    return 0


def _eval_generation(config: Any) -> int:
    from wm_gym.evaluation.generation.eval_generation import eval_generation
    from wm_gym.evaluation.generation.report import table

    for opens, report in eval_generation(config).items():
        print(f"opened {opens}\n{table(report)}\n")
    print(f"{config.output} holds a folder for each, with index.html, generation.json and sheets")
    return 0


def _eval_reward(config: Any) -> int:
    from wm_gym.agents.rewards.evaluating import eval_reward

    for name, value in eval_reward(config).items():
        print(f"{name:20s} {value:10.4f}")
    print(f"{config.output} holds the figures")
    return 0


def _eval_trust(config: Any) -> int:
    from wm_gym.evaluation.trust.evaluating import eval_trust
    from wm_gym.evaluation.trust.report import HEADLINES

    figures = eval_trust(config)
    for name in HEADLINES:
        print(f"{name:28s} {figures[name]:8.3f}")
    print(f"index.html, trust.json and episodes.jsonl are in {config.output}")
    return 0


def _film_pairs(config: Any) -> int:
    from wm_gym.train_world.appearance.film_pairs import film_pairs

    print(film_pairs(config))
    return 0


def _film_things(config: Any) -> int:
    from wm_gym.train_world.things.film_things import film_things

    print(film_things(config))
    return 0


def _film_places(config: Any) -> int:
    from wm_gym.train_world.reading.film_places import film_places

    print(film_places(config))
    return 0


def _film_walks(config: Any) -> int:
    from wm_gym.agents.vlm.filming import film_walks

    path = film_walks(config)
    print(f"{path} holds the walks, {path.stat().st_size / 1e6:.1f} MB")
    return 0


def _rollout(config: Any) -> int:
    from wm_gym.rollout import rollout

    for name, value in rollout(config).items():
        print(f"{name:20s} {value:10.3f}")
    kept = f" and {min(config.films, config.episodes)} films with their replays" if config.films else ""
    print(f"{config.output} holds episodes.csv, episodes.json{kept}")
    return 0


def _take_replay(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "file", help="that `wm-gym rollout` wrote, or a link to a walk, which is generated and compared"
    )
    parser.add_argument("--link", action="store_true", help="print the walk as a line of text")
    parser.add_argument("--verify", action="store_true", help="generate it again and compare every frame")
    parser.add_argument("--from", dest="from_step", type=int, default=0, metavar="STEP", help="begin there; 0: opening")
    parser.add_argument("--film", metavar="PATH", help="write the recorded frames as an .mp4")


def _replay(asked: argparse.Namespace) -> int:
    """Exit status 1: the replay is not what was recorded."""
    from wm_gym.envs.replay.format import Replay
    from wm_gym.envs.replay.link import PREFIX, link_of
    from wm_gym.envs.replay.verification import verify
    from wm_gym.envs.replay.video import film
    from wm_gym.files.atomic import check_writable

    if asked.file.startswith(PREFIX):
        return _generate_link(asked.file)

    if asked.from_step and not (asked.verify or asked.film):
        raise ValueError(f"--from must come with --verify or --film, got --from {asked.from_step} alone")
    if asked.film:
        check_writable(asked.film, name="--film")
    replay = Replay.load(asked.file)
    print(f"{asked.file}: {replay.describe()}")
    if asked.film:
        film(replay, asked.film, asked.from_step)
        print(f"{asked.film} holds the film")
    if asked.link:
        print(link_of(replay))
    if not asked.verify:
        return 0
    comparison = verify(replay, asked.from_step)
    print(comparison.describe())
    return 0 if comparison.agrees else 1


def _generate_link(link: str) -> int:
    """Exit status 1: the last frames are not those that the link was made of."""
    from wm_gym.envs.replay.link import walk_of

    walk = walk_of(link)
    print(walk.replay.describe())
    *_, (_, last, _) = walk.generate()
    same = walk.is_shown_by(last)
    print(f"its last frames are {'those' if same else 'not those'} that were shown")
    return 0 if same else 1


def _serve(config: Any) -> int:
    from wm_gym.serving.serve import serve

    serve(config)
    return 0


def _play(config: Any) -> int:
    from wm_gym.serving.play import play

    play(config)
    return 0


def _doctor(nothing: None) -> int:
    from wm_gym.doctor import report

    print(report())
    return 0


def _none_chosen(word: str, rows: Sequence[RecipeRow]) -> Callable[[list[str]], NoReturn]:
    """Refuses a command that must choose a row by a word, such as a training without a recipe."""

    def refuse(settings: list[str]) -> NoReturn:
        names = [row.name for row in rows]
        guesses = (did_you_mean(text.partition("=")[0], [word]) for text in settings)
        meant = next(filter(None, guesses), "")
        raise ValueError(f"{word} must be one of {', '.join(names)}, got none{meant}")

    return refuse


_DATA = "wm_gym.train_world.data"
_TRAININGS = tuple(Command(f"train recipe={row.name}", row.config, _train(row), row.summary) for row in RECIPES)
_AGENTS = tuple(
    Command(f"train-agent agent={row.name}", row.config, _train(row), row.summary, sweeps=True) for row in TRAINABLE
)
COMMANDS = (
    Command("demo", "wm_gym.demo:DemoConfig", _demo, "walk through a generated world; film and measure it"),
    Command("rollout", "wm_gym.rollout:RolloutConfig", _rollout, "let an agent act; keep table, films and replays"),
    Command("play", "wm_gym.serving.play:PlayConfig", _play, "open a page to walk in a world by keys and words"),
    Command("serve", "wm_gym.serving.serve:ServeConfig", _serve, "let clients step worlds over HTTP and WebSocket"),
    Command("replay", "", _replay, "generate a walk again and compare every frame", _take_replay),
    Command("doctor", "", _doctor, "tell what is installed, what can run here and how to mend what is missing"),
    Command("capture", f"{_DATA}.capture_scene:CaptureConfig", _capture, "capture a place of the twin, or a log"),
    Command(
        "check-capture", "wm_gym.evaluation.capture_check:CheckConfig", _check_capture,
        "show a capture's key frames, scale, coverage and what is wrong",
    ),
    Command(
        "export", "wm_gym.world.exporting:ExportConfig", _export, "write a capture or saved state as a cloud or mesh"
    ),
    Command(
        "collect", f"{_DATA}.collect_config:CollectConfig", _collect,
        "record clips in the twin, or in any environment, to train on",
    ),
    Command(
        "export-recordings", "wm_gym.train_world.exchange.commands:ExportRecordingsConfig", _export_recordings,
        "write recordings as a data set of LeRobot or Minari",
    ),
    Command(
        "import-recordings", "wm_gym.train_world.exchange.commands:ImportRecordingsConfig", _import_recordings,
        "make recordings of a data set of LeRobot or Minari",
    ),
    Command(
        "curate", "wm_gym.train_world.curation.curate:CurateConfig", _curate,
        "cut and measure films, and tell which spans are fit for training",
    ),
    Command(
        "gather-scene-bank", f"{_DATA}.gather_scene_bank:GatherConfig", _gather_scene_bank,
        "capture places that worlds can go on as",
    ),
    Command(
        "film-pairs", "wm_gym.train_world.appearance.film_pairs:FilmPairsConfig", _film_pairs,
        "film the twin with and without events, for light and weather",
    ),
    Command(
        "film-things", "wm_gym.train_world.things.film_things:FilmThingsConfig", _film_things,
        "cut people, fires and objects out of the twin's frames",
    ),
    Command(
        "film-places", "wm_gym.train_world.reading.film_places:FilmPlacesConfig", _film_places,
        "film the twin's places beside their plans",
    ),
    Command(
        "film-walks", "wm_gym.agents.vlm.filming:FilmConfig", _film_walks,
        "film scripted experts who do what they are told, for vision-language agents",
    ),
    Command(
        "eval-events", "wm_gym.evaluation.suites.evaluating:EvalEventsConfig", _eval_events,
        "run and score a suite of promptable events",
    ),
    Command(
        "eval-generation", "wm_gym.evaluation.generation.eval_generation:EvalGenerationConfig", _eval_generation,
        "tell what a backend generates where nothing was seen, beside the twin",
    ),
    Command(
        "eval-reward", "wm_gym.agents.rewards.evaluating:EvalRewardConfig", _eval_reward,
        "tell how often a source of rewards is wrong",
    ),
    Command(
        "eval-trust", "wm_gym.evaluation.trust.evaluating:EvalTrustConfig", _eval_trust,
        "compare policies in a generated world and in the twin",
    ),
    Command(
        "train", "", _none_chosen("recipe", RECIPES), "train a network by one of the recipes", recipes=_TRAININGS
    ),
    Command(
        "train-agent", "", _none_chosen("agent", TRAINABLE), "train an agent in worlds", recipes=_AGENTS,
        chosen_by="agent", sweeps=True,
    ),
)  # fmt: skip
