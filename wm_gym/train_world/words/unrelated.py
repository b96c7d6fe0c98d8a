"""Sentences and things that are about no kind of event. Texts are our own."""

from __future__ import annotations

UNRELATED = (
    "turn around",
    "go back",
    "walk to the left",
    "look up",
    "keep to the right",
    "a calm steady shot",
    "what a nice place",
    "the street is empty",
    "rooms with pictures on the walls",
    "a park with a fountain",
    "the shelves are full of boxes",
    "i am hungry",
    "the clock strikes",
    "music plays",
    "nothing special happens",
    "a first-person walk",
    "tell me a story",
    "the bakery sells bread on mondays",
    "the price of tea rises",
    "the walls are blue",
    "how far is it",
    "open the door",
    "count the windows",
    "a bus stops at the corner",
    "the train is late",
    "she reads a book",
    "the river is wide",
)
"""Sentences about no kind."""

THINGS = (
    *("dragon", "dog", "elephant", "car", "bus", "cat", "balloon", "horse", "robot", "ship", "bird"),
    *("band", "clown", "statue", "bridge", "clock", "helicopter", "bicycle", "fountain", "tower"),
    *("spider", "unicorn", "market", "kite", "tram", "whale", "apple", "ground", "wall", "child"),
    *("teacher", "king", "train", "boat", "river", "song", "music", "dance", "choir", "hail"),
    *("queue", "shop", "baker", "bread", "door", "window", "cow", "sheep", "wolf", "bear", "bee"),
    *("ant", "fish", "shark", "plane", "rocketship", "satellite", "castle", "palace", "church"),
    *("bell", "flag", "parade", "circus", "magician", "police", "truck", "lorry", "taxi"),
    *("van", "scooter", "skateboard", "ball", "game", "match", "race", "winner", "price", "story"),
    *("book", "letter", "phone", "computer", "table", "chair", "sofa", "bed", "cup", "glass"),
    *("bottle", "coin", "hat", "shoe", "bag", "box", "barrel", "rope", "ladder", "hammer", "nail"),
    *("saw", "brush", "map", "compass", "camera", "mirror", "puppet", "toy", "drum", "flute"),
    *("guitar", "piano", "violin", "trumpet", "mountain", "valley", "island", "beach", "wave"),
    *("tide", "earthquake", "volcano", "meteor", "comet", "planet", "alien", "ghost", "monster"),
    *("giant", "dwarf", "witch", "wizard", "knight", "prince", "princess", "soldier", "sailor"),
    *("pirate", "thief", "doctor", "nurse", "farmer", "goat", "pig", "hen", "duck", "goose", "swan"),
    *("owl", "crow", "eagle", "snake", "lizard", "frog", "turtle", "monkey", "lion", "tiger"),
    *("giraffe", "camel", "children", "mice", "geese", "crowd", "parrot", "chorus", "team", "army"),
    *("flock"),
)
"""Things that no kind shows."""
DEEDS = (
    *("flies over the square", "barks", "appears", "drives past", "sings", "falls down", "grows", "rings", "dances"),
    *("lands here", "turns blue", "jumps over the wall", "gets bigger", "opens", "moves to the left", "comes closer"),
    *("waits at the corner", "spins", "is for sale", "sleeps", "disappears", "starts to move", "stops", "goes away"),
    *(
        "trembles",
        "joins in",
        "does not leave",
        "runs off",
        "rises over the roofs",
        "plays",
        "is gone",
        "ends",
        "leaves",
    ),
    *("laughs", "cries", "eats", "swims", "hides", "climbs up", "rolls by", "speaks", "shouts", "whistles", "breaks"),
    *("is blue", "is tall", "looks at me", "follows me", "turns round", "begins", "starts", "is over", "never stops"),
)
"""What they do."""
