"""Patterns of sentences for ends of events. Texts are our own."""

from __future__ import annotations

from wm_gym.train_world.words.patterns import BACK, END, GONE

STOP_PATTERNS: dict[str, tuple[str, ...]] = {
    "night": (
        "{bring back|give back|turn on|switch on|restore|let in|return|put back|show me} {the sun|the sunlight|the "
        "sunshine|the day|the light of day}",
        "{the moon|the stars|moon and stars|the black sky|the starry sky} " + GONE,
        END + " {the moon|the stars|moon and stars|the black sky|the starry sky}",
        "{it|the sky|the world|everything} {gets|is|becomes|turns|grows} {bright|light|bright and sunny|lighter"
        "|brighter|blue and bright} {again|at last|now|once more|}",
        "{make|let} {it|the sky|the world} {be |}{bright|light|brighter|day} {again|now|please|}",
    ),
    "fog": (
        "{the view|the air|sight|visibility|the distance|the horizon} {clears|is clear|gets clear|becomes clear"
        "|improves|opens up|is good|is back|gets better|returns|is unlimited} {again|now|at last|}",
        "{i|we|you|one} {can|could} {see|make out} {far|clearly|everything|the houses|the horizon|the end of the "
        "street|miles} {again|now|once more}",
        "{increase|raise|improve|restore|better} {visibility|the visibility|the sight|the view distance|the view}",
        "{the grey veil|the white curtain|the vapour|the damp cloud|the white wall|the milky air|the veil|the grey} "
        "{lifts|goes|thins|opens|melts away|is gone|vanishes|disappears|rises}",
    ),
    "snowfall"
    : ("{the white stuff|the white crystals|the white powder in the air|the frozen stuff from the sky} " + GONE,),
    "bonfire": (
        "{the burning wood|the burning logs|the glowing logs|the burning heap|the kindling|the glow of the logs} "
        "{goes out|dies|is out|is dead|is put out|burns out|is doused|stops burning|turns to ash|is quenched}",
        "{put out|douse|quench|smother|stamp out|snuff out|extinguish} {it|the glowing logs|the burning wood|the "
        "burning branches|that heap}",
        "{only|nothing but} {ash|ashes|cold ash|charcoal|a black spot} {remains|is left|are left|remain}",
    ),
    "fireworks": (
        "{the bangs|the bursts|the sparks in the sky|the colours in the sky|the show in the sky|the celebration|the "
        "bursting stars|the display|the light show} " + GONE,
        END + " {the bangs|the bursts|the sparks in the sky|the show in the sky|the celebration|the display|the "
        "light show|the bangs and flashes}",
    ),
    "walker": (
        "{he|she|they|the kid|the child|the visitor|everybody|everyone|the figure|the family|the couple|the villager"
        "|all of them|the guest} {leaves|leave|goes|go away|goes away|departs|is gone|are gone|walks off|walks away"
        "|disappears|vanishes|runs off|heads home|steps out|has left|have left}",
        "{get rid of|send away|remove|dismiss|send off|chase off|delete|kick out} {him|her|them|the kid|the visitor"
        "|the child|everybody|everyone|the figure|the villager}",
        "{make|let} {him|her|them|the kid|the visitor|everybody|everyone|the figure} {leave|go|disappear|vanish|go "
        "away|walk away|depart}",
        "{nobody|no one|not a soul|no soul} {is here|is there|is left|is around|remains|in sight|is to be seen}",
    ),
    "dusk"
    : (END + " {the red sky|the orange sky|the end of the day|the red glow in the west|the purple sky}",
    "{the red sky|the orange sky|the red glow in the west|the purple sky} " + GONE),
    "dawn"
    : (END + " {the pink sky|the early light|the glow in the east|the rosy sky|the early hour}",
    "{the pink sky|the early light|the glow in the east|the rosy sky|the early hour} " + GONE),
    "golden_light": (
        END + " {the warm glow|the gold|the amber|the warm light|the gold tint|the honey light|the warm tint|the "
        "warm tones}",
        "{the warm glow|the gold|the amber|the warm light|the gold tint|the honey light|the warm tint} " + GONE,
        "{normal|neutral|ordinary|plain|usual|cold|white} {light|lighting|sunlight} " + BACK,
        "{the light|the lighting} {is|gets|turns|becomes|goes} {normal|neutral|ordinary|plain|cool|cold|white} "
        "{again|now|once more|}",
    ),
    "storm": (
        "{the sky|the skies|the weather|the heavens|the clouds} {calm|calms|calm down|calms down|clear|clears|quiet "
        "down|settle|settles|are calm|is calm|brightens up|improves|gets better|is peaceful} {again|now|at last|}",
        "{calm|nice|fine|good|fair|better|peaceful|quiet|sunny} {weather|skies} " + BACK,
        END + " {the bolts|the flashes|the rumbling|the wild weather|the violent weather|the bad weather|the black "
        "clouds}",
        "{the bolts|the flashes|the rumbling|the wild weather|the violent weather|the bad weather|the booming} "
        + GONE,
    ),
    "rain": (
        "{it|the street|the ground|everything|the place|the weather|the air} {is|gets|becomes|turns|stays} dry "
        "{again|now|at last|outside|}",
        "{make|keep|let} {it|the street|the ground|everything|us} {be |}dry {again|now|please|}",
        "{the drops|the droplets|the wet weather|the water from the sky|the pouring|the splashing|the pattering} "
        + GONE,
        END + " {the drops|the wet weather|the water from the sky|the pouring|the puddles|the water}",
        "{dry weather|dry skies|a dry day} " + BACK,
        "{the clouds|the heavens|the skies} {close|stop leaking|stop weeping|stop crying|dry up|run dry}",
    ),
    "snow_cover": (
        "{the white blanket|the white layer|the white coat|the white cover|the ice and the white|the white} {melts"
        "|is gone|thaws|melts away|disappears|vanishes|is cleared|turns to water|shrinks}",
        "{the ground|the grass|the street|the lawn|the road|the roofs|the pavement} {is bare|shows|shows again|is "
        "visible|is visible again|comes out|is green again|is clear again|is no longer white|are bare again}",
        "{a thaw|the thaw|warm weather|spring} {sets in|comes|begins|melts it|melts everything|melts it all|clears "
        "the roofs}",
    ),
    "autumn": (
        "{the leaves|the trees|the foliage|the woods|the treetops} {turn|are|become|get|grow} green {again|once more"
        "|now|}",
        "{make|turn|paint|colour} {the leaves|the trees|the foliage} green {again|please|now|}",
        "{make it|let it be|it is|back to|switch to|skip to|return to|go to|change to} {summer|spring|springtime"
        "|june|july|may|summertime|april} {again|please|now|}",
        "{spring|summer|june|the summer|the spring} {comes|returns|comes back|arrives|is here|is back|begins}",
        "{fall|october|november|the fall|the season|leaf season} " + GONE,
    ),
    "sepia": (
        END + " {the filter|the old photo look|the old film look|the brown tint|the vintage look|the vintage filter"
        "|the brown|the old look|the antique look|the photo effect|the old photo effect|the nostalgic look}",
        "{the filter|the old photo look|the brown tint|the vintage look|the vintage filter|the brown|the antique "
        "look|the photo effect} " + GONE,
        "{normal|full|natural|real|true|original|vivid|usual} {colours|colour|colors} " + BACK,
        "{restore|bring back|return|give back|turn on|switch on|reset} {the colours|colour|the normal colours|full "
        "colour|the original colours|the colors}",
        "{back|return|go back|switch back} to {colour|colours|normal colours|full colour|natural colours|the "
        "original colours}",
    ),
    "pixel_art": (
        END + " {the blocky look|the blocks|the squares|the retro look|the game look|the retro game look|the old "
        "game look|the mosaic|the low resolution|the chunky graphics|the blockiness|the arcade look}",
        "{the blocky look|the blocks|the squares|the retro look|the game look|the mosaic|the low resolution|the "
        "chunky graphics} " + GONE,
        "{normal|full|high|realistic|photorealistic|smooth|modern|sharp|detailed} {resolution|graphics|picture"
        "|rendering|image|definition} " + BACK,
        "{make|render|show|draw} {it|everything|the world|the picture} {smooth|sharp|realistic|detailed|high "
        "resolution|high res|normal|photorealistic|modern} {again|please|now|once more}",
        "{back|return|go back|switch back} to {normal graphics|full resolution|high resolution|realistic graphics"
        "|reality|smooth graphics|normal resolution}",
    ),
    "lamps_on": ("{the lighting|the street lighting|the illumination} {ends|is no longer on|stops|is over}",),
    "lamps_off"
    : ("{the power|electricity|the current|the grid|the mains} {is back|comes back|returns|is restored|works again"
    "|is up again|is on again|is repaired}",
    "{restore|bring back|repair|fix|turn on|switch on|reconnect} {the power|electricity|the current|the grid|the "
    "mains}"),
    "smoke": (
        "{the dark cloud|the plume|the column|the sooty air|the grey clouds|the stinking cloud|the soot|the black "
        "plume} {clears|thins|is gone|disperses|drifts away|vanishes|disappears|blows away|dissolves|fades}",
        "{fresh|clean|clear|pure} air " + BACK,
        "{clear|clean|ventilate|air} {the sooty air|the alley|the place|the street} {of soot|of those fumes|with "
        "fresh air|so that i can breathe}",
    ),
    "explosion"
    : ("{the bangs|the banging|the booms|the bang|the blasting|the boom} "
    + GONE, END + " {the bangs|the banging|the booms|the blasting}"),
    "crate"
    : ("{the chest|the package|the parcel|the container|the wooden cube|the trunk|the cargo|the wooden case} {is "
    "gone|vanishes|disappears|is taken away|is removed|is carried off}",
    END + " {the chest|the package|the parcel|the container|the wooden cube|the trunk|the cargo}"),
    "car"
    : ("{the truck|the lorry|the driver|the uber|the old banger|the ambulance|the ride|the pickup|the engine} "
    "{drives off|leaves|is gone|drives away|disappears|is towed away|speeds off|rolls away}",
    "{the road|the street} is {free of|without} {trucks|engines|drivers|wheels}"),
    "birds"
    : ("{the feathered friends|the wings|the swarm|the winged creatures|the fluttering|the chirping} {fly off|flies "
    "off|is gone|are gone|fly away|disappear|disappears|vanish|leave|stops}",
    END + " {the fluttering|the chirping|the winged creatures|the feathered friends|the swarm}"),
    "lamp_post"
    : ("{the pole|the post|the iron pole|the mast|the post with the light} {is gone|vanishes|disappears|is removed"
    "|falls down|is taken away}",),
    "tree"
    : ("{the trunk|the palm|the sapling|the greenery|the leafy giant} {is gone|vanishes|is cut down|falls|is felled"
    "|disappears|is chopped down}",
    "{fell|chop down|cut down|saw down|uproot} {it|the sapling|the palm|the trunk|the greenery}"),
}  # fmt: skip
"""Patterns for the end."""
