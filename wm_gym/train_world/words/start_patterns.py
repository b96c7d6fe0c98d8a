"""Patterns of sentences for starts of events. Texts are our own."""

from __future__ import annotations

from wm_gym.train_world.words.patterns import ALL, MAKE

START_PATTERNS: dict[str, tuple[str, ...]] = {
    "night": (
        "{the moon|a full moon|a crescent moon|the pale moon|moon and stars|the stars|stars|a thousand stars|the "
        "milky way|a few stars}"
        " {appears|appear|shines|shine|rises|comes out|come out|twinkle|glitter|hangs|hang|stands|glows|climbs|is "
        "out|are out|looks down}"
        " {above|overhead|in the sky|over the roofs|over the town|over us|high above|on the black sky|}",
        "{the sky|the sky above|everything outside|the world outside} {is|turns|goes|becomes|gets|grows|fades to} "
        "{black|pitch black|ink black|jet black|full of stars|starry}",
        "{the city|the town|the village|the world|everyone|everybody|all} {sleeps|is asleep|goes to bed|lies asleep"
        "|slumbers} {under a black sky|under the stars|by the light of the moon|}",
        "{take away|remove|switch off|turn off|kill|hide|delete|put away} {the sun|the sunlight|the sunshine|daylight}",
        "{the last light|the last glow|daylight|the sun} {has gone|is gone|fades and stars appear|fades and the "
        "stars come out|has left the sky|is long gone}",
    ),
    "fog": (
        "{clouds|a cloud|low clouds|vapour|a grey veil|a white curtain|steam|damp air|a milky veil|grey|whiteness|a "
        "white wall|a grey blanket|a damp cloud}"
        " {hugs|hug|touches|touch|covers|cover|hides|hide|wraps|wrap|settles on|creeps over|sinks onto|lies over"
        "|blots out|veils|engulfs|rolls over|crawls along|shrouds}"
        " {the ground|the houses|the street|everything|the town|the distance|the horizon|us|the far end|the roofs}",
        "{everything|the view|the distance|the air|the scenery|the street|the horizon|all around} {gets|is|turns"
        "|becomes|goes|looks|grows}"
        " {blurry|blurred|milky|murky|grey and blurry|blurry and grey|vague|indistinct|dim and grey|white and thick"
        "|hard to see|unclear|veiled|cloudy}",
        "{reduce|lower|limit|cut|drop|decrease|lessen|worsen} {visibility|the visibility|the range of sight|the view "
        "distance|how far one can see|the sight}",
        "{visibility|the visibility|sight} {drops|falls|is low|is poor|goes down|gets worse|is near zero|shrinks|is "
        "bad}",
        "{i|we|you|one} {can hardly|can barely|can scarcely|can not} {see|make out} {the houses|anything|far|a thing"
        "|the end of the street|ten metres|my hand|the other side}",
    ),
    "snowfall": (
        "{white|fluffy|soft|cold|icy|frozen|feathery} {crystals|stars|stuff|powder|fluff|feathers of ice|dots} {fall"
        "|falls|drifts down|drift down|float down|sail down|come down|dance in the air|fills the air|whirls about}",
        "{winter|winter weather|a cold white winter|jack frost|the cold} {arrives|comes|sets in|is here|begins} "
        "{with white crystals|from the sky|and it comes down white|}",
    ),
    "bonfire": (
        "{logs|some logs|a pile of wood|a heap of branches|the wood|dry branches|twigs|a stack of timber|kindling|a "
        "wood pile} {is lit|are lit|is set alight|is alight|is burning|catches light|is ignited|starts to glow|burns "
        "brightly}",
        "{light|ignite|kindle|set alight|burn|torch} {some logs|a pile of wood|a heap of branches|the wood|dry "
        "branches|some twigs|a stack of timber|a wood pile}",
        "{something|it} {burns|is burning|is alight|catches light} {ahead|over there|on the left|by the road|in "
        "front of me|near the wall}",
    ),
    "fireworks": (
        "{colours|bright colours|colourful stars|stars of light|red and green sparks|flowers of light|glittering "
        "balls|showers of light|bursts of light|sparks of all colours}"
        " {burst|explode|bloom|pop|crackle|rain|sparkle|shoot up|erupt|flash|fill} {in|across|over|above|into|over "
        "all} {the sky|the night sky|the heavens|the town|our heads|the roofs}",
        "{the sky|the night sky|the heavens} {bursts|explodes|erupts|lights up|blazes|sparkles|crackles|is ablaze|is "
        "lit up} {in|with} {colours|colour|all colours|coloured lights|bursts|sparks|red and green|bangs and lights}",
        "{celebrate|let us celebrate|we celebrate|the town celebrates|ring in} {new year|the new year|independence "
        "day|bastille day|the holiday|the victory} {with bangs and lights|with lights in the sky|in the sky|with "
        "crackers}",
    ),
    "walker": (
        "{he|she|they|a kid|a child|children|a boy|a girl|a family|a couple|a nurse|a cop|a farmer|a sailor|a clerk"
        "|a fellow|a chap|a bloke|granny|a teenager|a figure|a silhouette|an npc|a character|a human being|an actor"
        "|a villager|a citizen}"
        " {walks|walk|strolls|comes|come|ambles|passes|runs|hurries|wanders|crosses|shuffles|steps|limps|marches"
        "|trots|jogs|is walking|is coming|is standing|stands|waits}"
        " {by|past|along|over|towards me|up to me|into view|in front of me|down the street|on the left|ahead|this "
        "way|the street|here|closer}",
        "{put|place|add|bring|spawn|send|let|have|show|give} {me |}{a kid|a child|a boy|a girl|a family|a couple|a "
        "figure|an npc|a human|a character|a villager|company|some company|one of the locals}"
        " {here|in|there|in the street|on the left|ahead|walk by|come along|stroll by|over}",
    ),
    "dusk": (
        "{the sun|the tired sun|the red sun} {dips|slips|drops|disappears|vanishes|slides|hangs|is low|melts} {below"
        "|behind|beneath|just above|near|under|into} {the horizon|the roofs|the hills|the houses|the sea}",
        "{the sky|the western sky|the west|the clouds} {turns|turn|glows|glow|burns|blazes|goes|blushes} {red|orange"
        "|crimson|purple|in red and purple|like embers|violet|a deep red} {as the day ends|at the end of the day|in "
        "the west|as the sun leaves|as the day closes|}",
        "{the day|daylight} {ends|is ending|draws to a close|comes to an end|is nearly over|dies|winds down|is dying"
        "|wanes|fades slowly|slowly fades}",
        "{late|later} in the day",
    ),
    "dawn": (
        "{the first|the early|the pale|a pink|a rosy|a pale|the cool} {rays|light|glow|gleam|ray|shimmer} {of the "
        "day|of the sun|in the east|of a new day|touches the roofs|appears|creeps in}",
        "{the day|a new day|a fresh day|the young day} {begins|starts|awakes|awakens|breaks in the east|is born|is "
        "dawning|wakes up}",
        "{the east|the eastern sky|the horizon in the east|the sky in the east} {turns|grows|glows|gets|blushes"
        "|lights up|becomes} {pink|pale|light|rosy|bright|red|lighter}",
        "{wake up|good morning|rise and shine} {the world|world|sun|}",
    ),
    "golden_light": (
        "{the light|sunlight|sunshine|the sun|the afternoon sun|the late sun|the sunbeams} {turns|is|becomes|gets"
        "|grows|paints everything|makes everything|colours everything|bathes everything in} {gold|golden|warm|amber"
        "|honey|yellow and warm|warm and golden|mellow|soft and warm}",
        "{bathe|dip|drench|soak|steep|flood|paint|wrap|cover|light} {everything|the street|the houses|the walls|the "
        "scene|the town|the roofs|us} {in|with} {gold|amber|honey|a warm glow|warm light|warm yellow|mellow light|a "
        "soft warm light|warm tones}",
        "{everything|the street|the houses|the walls|the scene|the roofs} {glows|glow|shines|shine|gleams|is bathed"
        "|lies|shimmers} {gold|golden|in gold|in amber|warmly|in warm light|in honey tones|like honey|in a warm glow}",
        "{a|some|nice|soft|late} {warm|mellow|amber|honey|cosy|buttery} {glow|light|tint|shine|sunlight|afternoon "
        "light|sunshine}",
    ),
    "storm": (
        "{the heavens|the sky|the clouds|black clouds|zeus|thor|the elements|the weather gods|the dark sky} {roar"
        "|roars|rumble|rumbles|growl|growls|rage|rages|crack|cracks|flash|flashes|grumble|boom|booms|hurls bolts|is "
        "angry|are angry|clash}",
        "{bolts|a bolt|flashes|electric flashes|a blinding flash|forked bolts} {strike|strikes|split|splits|tear"
        "|tears|rip|hit|hits|cross|light} {the sky|the tower|the ground|the clouds|the dark|a roof}",
        "{the weather|it} {turns|gets|becomes|goes} {violent|wild|rough|nasty|severe|terrible|fierce|electric}",
        "{nasty|violent|rough|severe|terrible|wild|ferocious|extreme} weather {please|moves in|comes|is here|with "
        "flashes|}",
    ),
    "rain": (
        "{the heavens|the clouds|the skies|the sky|heaven} {open|opens|open up|burst|bursts|weep|weeps|cry|cries"
        "|leak|leaks|empty themselves|let go|drip}",
        "{water|drops|droplets|big drops|cold drops|a wall of water|sheets of water|buckets of water} {falls|fall"
        "|pours|comes down|come down|drums|drum|patter|splash|lashes|beat|streams|pelts down} {from the sky|on the "
        "roofs|from above|down|on the street|on my head|on everything|from the clouds}",
        "it is {pouring|pelting|chucking it down|bucketing|tipping it down|spitting|coming down hard|coming down in "
        "buckets|lashing down|teeming|wet|very wet|wet outside|dripping}",
        "{make|get|let} {everything|the street|the ground|me|us|the place|it} {wet|soaked|soaking wet|drenched"
        "|dripping wet}",
        "{everything|the street|the ground|the place|everybody|i} {gets|is|becomes|get} {wet|soaked|drenched|soaking "
        "wet|dripping}",
        "{soak|drench|douse|water|wet} {us|the street|the town|everything|the ground}",
    ),
    "snow_cover": (
        "{the ground|the roofs|the street|the streets|the fields|the houses|everything|the landscape|the town|the "
        "world} {is|are|lies|lie|turns|turn|goes|becomes|wears} {white|all white|under white|covered in white|white "
        "and frozen|a white coat|a white cap|under a white blanket|buried in white}",
        "{a winter wonderland|winter wonderland|a white winter world|a frosty winter landscape|a white christmas|the "
        "depth of winter|a wintry landscape} {|please|all around|appears|is here|everywhere|outside}",
        "{a white|a thick white|a fresh white|a cold white} {blanket|layer|coat|carpet|sheet|cover|cap} {lies on"
        "|covers|hides|rests on|settles on|coats} {the ground|the roofs|the street|everything|the houses|the lawn}",
    ),
    "autumn": (
        "{the leaves|leaves|the trees|the foliage|the woods|the treetops|all trees|the branches} {turn|turns|change"
        "|changes|go|goes|glow|become|get|are|burn|dress|blaze} {red|yellow|orange|brown|gold|golden|rust red|copper"
        "|colour|red and gold|in all colours|crimson}",
        "{leaves|dry leaves|brown leaves|dead leaves|coloured leaves} {fall|drop|tumble|drift|rain|blow|swirl"
        "|flutter|cover|rustle|pile up} {down|to the ground|about|from the trees|the ground|across the street|on the "
        "path|everywhere|in the wind}",
        "{make it|let it be|it is|it becomes|switch to|skip to|turn it into|change to|it looks like|go to} {fall"
        "|september|october|november|the fall|mid october|late september|thanksgiving time|halloween time|harvest "
        "time}",
        "{paint|colour|turn|dye|make} {the trees|the leaves|the foliage|the woods|the treetops} {red|orange|yellow"
        "|brown|gold|copper|red and yellow}",
    ),
    "sepia": (
        MAKE
        + ALL
        + " {look |seem |appear |}{old|ancient|antique|vintage|aged|brown|brownish|nostalgic|yellowed|like an old "
        "photo|like an old photograph|like an old picture|like an old film|like an old postcard"
        "|like in great grandmother's album|as it was photographed in 1900|like a faded photo|as in an old album"
        "|victorian|like the wild west}",
        ALL + " {looks|turns|becomes|goes|gets|fades} {brown|brownish|old|antique|vintage|aged|yellowed|like an old "
        "photo|like an old photograph|like an old film|to brown|into an old photo|to brown tones}",
        "{apply|use|add|put on|switch on|turn on|give me|i want|set|try} {a|an|the|some} {vintage|old photo|old film"
        "|antique|brown|brownish|nostalgic|aged photo|retro photo|old time photo|victorian} {filter|look|effect|tone"
        "|tint|style|mood|feel}",
        "{brown|brownish|antique|nostalgic|yellowed|faded|aged} {tones|tint|colours|shades|look|photo look|hues"
        "|picture} {|please|everywhere|now|throughout}",
    ),
    "pixel_art": (
        MAKE
        + ALL
        + " {look |seem |appear |}{blocky|chunky|low res|low resolution|retro game like|like a retro game|like an "
        "old game|like an old video game|like an arcade game|like a console from the eighties|like a nineties game"
        "|out of blocks|in big squares|like a mosaic|like a game boy|like an old computer game|into blocks|into "
        "squares|like an atari|like a sprite game}",
        ALL
        + " {looks|turns|becomes|goes|gets|breaks up|dissolves|falls apart} {blocky|chunky|low res|into blocks|into "
        "squares|into big squares|like an old game|like a retro game|like a video game|into a retro game|into an old "
        "computer game|coarse and blocky}",
        "{apply|use|add|switch on|turn on|give me|i want|set|try} {a|an|the|some} {retro game|blocky|arcade|old game"
        "|mosaic|low res|low resolution|old computer game|console|chunky|retro gaming} {filter|look|effect|graphics"
        "|style|mode|feel}",
    ),
    "lamps_on": (
        "{turn|switch|put|flip|flick} {on |}{every light|the lighting|the street lighting|all lighting|the "
        "illumination|the electric light} {on|}",
        "{illuminate|light up|brighten} {the street|the road|the way|the square|the alley|the town} {with electric "
        "light|with the poles|by electricity|electrically}",
    ),
    "lamps_off": (
        "{the power|electricity|the current|the grid|the mains|the power station|the generator|the fuse|the whole "
        "circuit} {fails|is cut|goes out|dies|is off|goes|breaks down|blows|goes down|shuts down|is lost}",
        "{cut|kill|shut down|unplug|turn off|switch off|interrupt|sabotage} {the power|electricity|the current|the "
        "grid|the mains|the generator|the lighting|the street lighting|every light}",
    ),
    "smoke": (
        "{a dark|a grey|a black|a sooty|a stinking|a choking|a dirty} {cloud|plume|column|pillar|haze|veil of soot"
        "|swirl|trail} {rises|climbs|billows up|goes up|drifts over|pours out|curls up|hangs|pours from the house"
        "|rises ahead}",
        "{something|it|the chimney|an old engine|the ruin} {smells burnt|puffs|puffs black|stinks of burning|gives "
        "off dark clouds|sends up a dark plume|sends up grey clouds|coughs up soot}",
    ),
    "explosion": (
        "{something|it|a barrel|a tank|a gas tank|a house|the building|a shed|a drum|a charge|a mine|a shell|the "
        "powder keg|a device} {bursts|goes off|goes up|goes bang|goes boom|flies apart|blasts|is blasted|is blown "
        "apart|bursts apart|ignites}"
        " {with a bang|with a loud bang|ahead|with a boom|in a ball of flame|behind me|over there|in the distance"
        "|violently}",
        "{a|a loud|a deafening|a tremendous|a sudden|a huge|a mighty} {bang|boom|big bang|kaboom|blow} {shakes the "
        "street|ahead|and debris flies|behind me|in the distance|close by|shakes everything|rocks the place}",
        "{set off|trigger|ignite|light|fire} {a charge|the charge|the charges|a mine|the powder|the tnt|a device|the "
        "gas}",
    ),
    "crate": (
        "{a chest|a package|a parcel|a container|a wooden cube|a wooden container|a supply drop|a trunk|cargo"
        "|something wooden and heavy|a wooden case|a tool chest} {drops|falls|lands|stands|appears|comes down"
        "|crashes down|thuds down|lies|tumbles down|is dropped} {ahead|in front of me|here|from the sky|on the left"
        "|on the road|from above|there|in the way}",
        "{drop|put|place|set down|leave|throw|dump|lower} {a chest|a package|a parcel|a container|a wooden cube|a "
        "wooden container|a trunk|some cargo|a wooden case} {ahead|in front of me|here|on the left|on the road|there"
        "|in the way|over there}",
    ),
    "car": (
        "{a truck|a lorry|a driver|an uber|something on wheels|an old banger|a rental|a fiat|a porsche|a racer|a "
        "saloon|a police cruiser|an ambulance|wheels|an engine|a ride|a pickup|a motor} {drives|drive|rolls|races"
        "|speeds|rattles|pulls|cruises|parks|honks|brakes|stops|comes|roars|zooms} {by|past|up|along|over|here|ahead"
        "|in front of me|down the street|on the left|through}",
    ),
    "birds": (
        "{feathered friends|wings|a swarm|winged creatures|feathered creatures|feathers|something feathered|chicks"
        "|songsters|a winged swarm} {flutter|flutters|flap|fly|flies|take off|takes off|circle|circles|soar|wheel"
        "|wheels|rise|rises|swoop|chirp|glide|tweet|take wing} {up|by|overhead|above|over the roofs|into the air|in "
        "the sky|past|about}",
    ),
    "lamp_post": (
        "{a post|a pole|a mast|an iron pole|a tall pole|a column} with a {light|bulb|lantern|lamp|gas light|light on "
        "top} {stands|rises|appears|is set up|is placed|} {here|ahead|by the road|on the left|at the corner|there|in "
        "front of me}",
    ),
    "tree": (
        "{a trunk with branches|something green and leafy|a leafy giant|a sapling|a seedling|greenery|a tall plant "
        "with a trunk|leafy branches|a palm|a shady canopy} {grows|sprouts|rises|springs up|stands|appears|shoots up"
        "|is planted|takes root} {here|ahead|by the road|on the left|at the corner|there|in front of me|from the "
        "ground}",
        "{plant|grow|put|place|raise|set} {a sapling|a seedling|some greenery|something green|something leafy|a palm"
        "|an evergreen|a conifer} {here|ahead|by the road|on the left|at the corner|there|in front of me}",
    ),
}
"""Patterns for the start."""
