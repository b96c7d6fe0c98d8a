"""Sentences and things that are about no kind of event. Texts are our own."""

from __future__ import annotations

UNRELATED = (
    "turn around", "go back", "walk to the left", "look up", "keep to the right", "a calm steady shot",
    "what a nice place", "the street is empty", "rooms with pictures on the walls", "a park with a fountain",
    "the shelves are full of boxes", "i am hungry", "the clock strikes", "music plays", "nothing special happens",
    "a first-person walk", "tell me a story", "the bakery sells bread on mondays", "the price of tea rises",
    "the walls are blue", "how far is it", "open the door", "count the windows", "a bus stops at the corner",
    "the train is late", "she reads a book", "the river is wide", "walk on", "go straight ahead",
    "turn left at the corner", "stop here", "wait a moment", "look behind you", "step back", "go faster",
    "run to the end", "where am i", "what time is it", "who lives here", "why is it so quiet",
    "how many windows does it have", "the house is old", "a wall of stone", "the floor is wet", "my hands are cold",
    "i like this street", "the room has two doors", "an open window", "the air smells of bread", "the flag is blue",
    "a narrow alley", "this is a large hall", "the shop is closed", "the bell rings", "someone's dog barks",
    "the phone is ringing", "a song plays on the radio", "the painting hangs crooked", "the stairs lead up",
    "she sings a song", "he plays the piano", "they play cards", "the mayor cuts a ribbon",
    "the teacher writes on the board", "water runs from the tap", "the kettle boils", "the cat purrs",
    "a spider spins its web", "the wind turns the pages", "a train whistles", "a plane flies high above",
    "the boat rocks", "a ball bounces down the stairs", "the clock is slow", "a chair falls over",
    "the paint is fresh", "the soup is hot", "he tells a joke", "the queue is long", "the king is dead",
    "the ground shakes", "the earth trembles", "a hole opens in the wall", "the walls close in",
    "everything turns upside down", "gravity is gone", "the colours of the flag", "a sign points to the station",
    "the market sells apples", "the road is long and straight", "grass grows between the stones",
    "the fountain splashes", "this corridor never ends", "there is nobody i know", "tell me where to go",
    "pick up the key", "open the second door", "close the gate", "climb the stairs", "sit down",
    "the end of the story", "a golden crown", "a fire engine", "a star on a flag", "a dark wooden door",
    "a snow-white cloth", "rainbow colours", "the lamp shop is closed",
)  # fmt: skip
"""Sentences about no kind."""

THINGS = (
    *("dragon", "dog", "elephant", "bus", "cat", "balloon", "horse", "robot", "ship"),
    *("band", "clown", "statue", "bridge", "clock", "helicopter", "bicycle", "fountain", "tower"),
    *("spider", "unicorn", "market", "kite", "tram", "whale", "apple", "ground", "wall", "child"),
    *("teacher", "king", "train", "boat", "river", "song", "music", "dance", "choir", "hail"),
    *("queue", "shop", "baker", "bread", "door", "window", "cow", "sheep", "wolf", "bear", "bee"),
    *("ant", "fish", "shark", "plane", "rocketship", "satellite", "castle", "palace", "church"),
    *("bell", "flag", "parade", "circus", "magician", "police"),
    *("scooter", "skateboard", "ball", "game", "match", "race", "winner", "price", "story"),
    *("book", "letter", "phone", "computer", "table", "chair", "sofa", "bed", "cup", "glass"),
    *("bottle", "coin", "hat", "shoe", "bag", "barrel", "rope", "ladder", "hammer", "nail"),
    *("saw", "brush", "map", "compass", "camera", "mirror", "puppet", "toy", "drum", "flute"),
    *("guitar", "piano", "violin", "trumpet", "mountain", "valley", "island", "beach", "wave"),
    *("tide", "earthquake", "volcano", "meteor", "comet", "planet", "alien", "ghost", "monster"),
    *("giant", "dwarf", "witch", "wizard", "knight", "prince", "princess", "soldier", "sailor"),
    *("pirate", "thief", "doctor", "nurse", "farmer", "goat", "pig", "hen"),
    *("snake", "lizard", "frog", "turtle", "monkey", "lion", "tiger"),
    *("giraffe", "camel", "children", "mice", "crowd", "chorus", "team", "army"),
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
