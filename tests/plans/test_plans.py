"""Drafts are equal for equal arguments, whole, connected as they say, and of many topologies."""

from dataclasses import replace

import networkx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wm_gym.plans import Draft, Space, draft_of, topology_of
from wm_gym.plans.graphs import connected_choice, fingerprint
from wm_gym.scenes.families import DIFFICULTIES, FAMILIES

places = st.tuples(st.sampled_from(FAMILIES), st.integers(0, 10_000), st.sampled_from(DIFFICULTIES))


def graph_of(draft: Draft) -> networkx.Graph:
    graph = networkx.Graph(list(draft.links))
    graph.add_nodes_from((number, {"kind": space.kind}) for number, space in enumerate(draft.spaces))
    return graph


@settings(max_examples=60, deadline=None)
@given(places)
def test_equal_arguments_give_equal_drafts(place):
    assert draft_of(*place) == draft_of(*place)


@settings(max_examples=120, deadline=None)
@given(places)
def test_every_patch_has_an_area_and_lies_in_the_extent(place):
    draft = draft_of(*place)
    assert draft.extent.width <= 120 and draft.extent.height <= 120
    for patch in draft.patches:
        assert patch.rect.width > 0 and patch.rect.height > 0, patch
        assert draft.extent.inset(-1.0).holds(patch.rect.x0, patch.rect.y0), patch
        assert draft.extent.inset(-1.0).holds(patch.rect.x1, patch.rect.y1), patch
    assert all(draft.extent.holds(spot.x, spot.y) for spot in draft.spots)


@settings(max_examples=120, deadline=None)
@given(places)
def test_all_spaces_of_a_draft_are_linked_to_each_other(place):
    assert networkx.is_connected(graph_of(draft_of(*place)))


@settings(max_examples=40, deadline=None)
@given(places, st.integers(0, 100))
def test_a_topology_does_not_depend_on_the_order_of_spaces(place, seed):
    draft = draft_of(*place)
    order = np.random.default_rng(seed).permutation(len(draft.spaces)).tolist()
    spaces: list[Space] = [draft.spaces[0]] * len(order)
    for number, new in enumerate(order):
        spaces[new] = draft.spaces[number]
    links = tuple((order[a], order[b]) for a, b in draft.links)
    assert topology_of(replace(draft, spaces=tuple(spaces), links=links)) == topology_of(draft)


@pytest.mark.parametrize("family", FAMILIES)
def test_places_differ_in_their_topology_and_equal_fingerprints_mean_equal_graphs(family):
    drafts = [draft_of(family, seed) for seed in range(60)]
    by_topology: dict[str, Draft] = {}
    for draft in drafts:
        twin = by_topology.setdefault(topology_of(draft), draft)
        alike = networkx.vf2pp_is_isomorphic(graph_of(draft), graph_of(twin), node_label="kind")
        assert alike
    assert len(by_topology) >= 45


def test_graphs_that_differ_have_different_fingerprints():
    chain, star = [(0, 1), (1, 2), (2, 3)], [(0, 1), (0, 2), (0, 3)]
    assert fingerprint(["room"] * 4, chain) != fingerprint(["room"] * 4, star)
    assert fingerprint(["room"] * 4, chain) != fingerprint(["room", "room", "room", "court"], chain)
    assert fingerprint(["room"] * 4, chain) == fingerprint(["room"] * 4, [(3, 0), (0, 2), (2, 1)])


@given(st.integers(2, 12), st.floats(0, 1), st.integers(0, 50))
def test_a_connected_choice_connects_all_and_takes_all_where_every_pair_is_wanted(size, share, seed):
    pairs = [(a, b) for a in range(size) for b in range(a + 1, size)]
    chosen = connected_choice(pairs, share, np.random.default_rng(seed))
    assert networkx.is_connected(networkx.Graph(chosen)) and set(chosen) <= set(pairs)
    assert connected_choice(pairs, 1.0, np.random.default_rng(seed)) == pairs


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ("castle", 0),
            "family must be one of ['rooms', 'city', 'courtyard', 'park', 'warehouse', 'joined'], got 'castle'",
        ),
        (("city", 0, "hard"), "difficulty must be one of ['simple', 'medium', 'full'], got 'hard'"),
        (("city", -1), "seed must be at least 0, got -1"),
    ],
)
def test_bad_arguments_are_refused_in_one_sentence(arguments, message):
    with pytest.raises(ValueError) as caught:
        draft_of(*arguments)
    assert str(caught.value) == message
