"""What people call the things that events show, as alternatives of patterns. Knows no rules."""

from __future__ import annotations

BIRDS = (
    r"birds?|birdies|pigeons?|doves?|sparrows?|crows?|ravens?|rooks?|jackdaws?|starlings?|seagulls?|gulls?|magpies?"
    r"|robins?"
    r"|blackbirds?|finch(?:es)?|parrots?|parakeets?|geese|goose|ducks|swans?|storks?|cranes (?=fl|pass|cross)"
    r"|herons?|hawks?"
    r"|falcons?|eagles?|owls?|vultures?|kestrels?|kites circl\w+|woodpeckers?|larks?|thrush(?:es)?|swifts|wrens?"
    r"|cockatoos?"
    r"|budgies?|flamingos?|pelicans?|cormorants?|terns|albatross(?:es)?|canar(?:y|ies)|nightingales?|buzzards?"
    r"|(?:some|few|the|of|many|two|three|several) swallows|^swallows|flocks?(?! of sheep)|murmurations?|fowl"
)
CARS = (
    r"cars?|automobiles?|vehicles?|taxis?|taxicabs?|cabs?|motor ?cars?|sedans?|hatchbacks?|limousines?|limos?"
    r"|convertibles?"
    r"|suvs?|jeeps?|minivans?|vans?|pick-?up trucks?|pickups?|station wagons?|roadsters?|sports ?cars?|coupes?"
    r"|beetles? (?=dr|p)"
    r"|(?:some(?:one|body)|he|she|they) (?:drives?|parks?)|traffic|motorists?|police cars?|hot rods?|minis (?=dr|p)"
    r"|rental car|volkswagens?|toyotas?|fords? (?=dr|p)|bmws?"
    r"|mercedes|porsches?|ferraris?|teslas?"
)
_SPECIES = (
    r"oaks?|pines?|birch(?:es)?|poplars?|maples?|firs?|spruces?|larch(?:es)?|willows?|elms?|beech(?:es)?|lindens?"
    r"|cypress(?:es)?"
    r"|cedars?|palms?|palm trees?|chestnuts?|sycamores?|aspens?|alders?|conifers?|evergreens?|saplings?|redwoods?"
    r"|sequoias?"
    r"|ash trees?|yews?|acacias?|hawthorns?|rowans?|magnolias?|eucalyptus|junipers?|hemlocks?|plane trees?|walnut "
    r"trees?"
    r"|(?:apple|pear|cherry|plum|fig|olive|orange|lemon|peach|almond|fruit|lime) ?trees?|treelets?"
)
TREE_WORDS = rf"trees?|{_SPECIES}"
TREES = (
    rf"(?:an?|another|one|the|that|this|single|lone|more|some|new|two|three) (?:(?!trees)\w+ ){{0,3}}?(?:tree"
    rf"|{_SPECIES})"
    rf"|^(?:big |tall |old |lone |single |little |young )*(?:tree|{_SPECIES})|pine trees?|oak trees?"
    r"|(?:plants?|grows?|adds?|puts?|fells?|removes?|more) (?:\w+ ){0,3}?trees?"
    r"|trees? (?:appears?|grows?|sprouts?|springs? up|shoots? up|pops? up|stands?|please|here|there|vanish\w*"
    r"|disappear\w*)"
    r"|(?:no|cut down|chop down|get rid of) (?:more )?(?:the )?trees?|treeless"
)
CRATE_WORDS = r"crates?|box(?:es)?|packing cases?|pallets?|cartons?|chests?"
CRATES = (
    r"crates?|packing cases?|wooden chests?|shipping boxes|pallets?|cartons?|cardboard box(?:es)?|tea chests?|cargo "
    r"box(?:es)?"
    r"|(?:(?:wooden|wood|cardboard|big|large|heavy|small|old|blue|red|green|sturdy|huge|packing|storage|cargo|square"
    r"|timber"
    r"|giant|empty|brown|plain|solid|shipping|moving|delivery|another|second) )+box(?:es)?"
    r"|(?:drops?|puts?|places?|sets?|leaves?|stacks?|adds?|removes?|takes?|throws?|spawns?|lowers?|moves?|dumps?"
    r"|lifts?|clears?"
    r"|carry|carries|get|give me|i want|i need) (?:me )?(?:down |away |off |up |rid of )?(?:an?|the|some|that|those"
    r"|one|two"
    r"|more|this|all|these|any)?(?: \w+)? ?box(?:es)?"
    r"|box(?:es)?(?= (?:drops?|falls?|lands?|tumbles?|is|are|stands?|appears?|comes?|crash\w*|plunges?|thuds?|goes"
    r"|vanish\w*"
    r"|disappear\w*|has|sits?|sitting|lying|should|there|here|ahead|please|in the way|in front|on the (?:left|right"
    r"|road)))"
    r"|^(?:a |the |no |no more |some )?box(?:es)?$"
)
_ANYBODY = (
    r"walkers?|persons?|pedestrians?|passers?-?by|passers by|someone|somebody|m[ae]n|wom[ae]n|strollers?|joggers?"
    r"|strangers?|guys?|gentlem[ae]n|lad(?:y|ies)|bystanders?|onlookers?|wanderers?|hikers?|stranger"
)
_PEOPLE = (
    r"people|folks?|kids?|child(?:ren)?|toddlers?|boys?|girls?|teen(?:ager)?s?|lads?|lass(?:es)?|fellows?|chaps?"
    r"|blokes?|dudes?"
    r"|grann(?:y|ies)|grandmas?|grandpas?|grandfathers?|grandmothers?|mums?|moms?|dads?|mothers?|fathers?|ladies"
    r"|couples?"
    r"|figures?|humans?|tourists?|visitors?|neighbou?rs?|runners?|shoppers?|commuters?|students?|workers?|workm[ae]n"
    r"|nurses?"
    r"|doctors?|polic(?:em[ae]n|ewom[ae]n|e officers?)|cops?|postm[ae]n|mailm[ae]n|soldiers?|sailors?|farmers?"
    r"|teachers?|monks?"
    r"|nuns?|priests?|businessm[ae]n|salesm[ae]n|locals?|citizens?|youths?|youngsters?|old-timers?|pensioners?"
    r"|elders?|crowds?"
    r"|friends?|companions?|guests?|beggars?|tramps?|vagabonds?|silhouettes?|individuals?|civilians?|npcs?|delivery "
    r"(?:guy|man)"
)
PERSON_WORDS = rf"{_ANYBODY}|{_PEOPLE}"
_GOES = (
    r"walk(?:s|ing)?|stroll(?:s|ing)?|wander(?:s|ing)?|strid(?:e|es|ing)|stand(?:s|ing)?|appears?|appearing|com(?:e"
    r"|es|ing)"
    r"|arriv(?:e|es|ing)|approach(?:es|ing)?|pass(?:es|ing)?|cross(?:es|ing)?|run(?:s|ning)?|jog(?:s|ging)?|turns? "
    r"up|shows? up"
    r"|enters?|entering|stag?gers?|saunters?|hurr(?:y|ies)|limps?|shuffles?|ambles?|marche?s?|trots?|steps?|emerges?"
    r"|waits?"
    r"|joins?|drops? by|heads?|heading|roams?|waiting|leav(?:e|es|ing)|go(?:es)? (?:away|off|home|by)|vanish(?:es)?"
    r"|is gone"
    r"|disappears?|departs?|exits|flees|lingers?|loiters?|is (?:here|there|around|ahead|in (?:front|sight|view))"
    r"|pops? up|passed|skips?|pace[sd]?"
)
_ASKED_FOR = (
    r"adds?|spawns?|bring(?: in| me| on)?|send(?: in| over| me| away)?|puts?|plac(?:e|es)|let|have|make|i want|i "
    r"need|give me"
    r"|show me|there (?:is|are|should be|must be)|let there be|summon|insert|include|get rid of|remove|no|no more"
    r"|lose|i see"
    r"|i'd like|i would like|could (?:we|i|you) (?:have|see|add|get)|can (?:we|i|you) (?:have|see|add|get)|create"
    r"|conjure(?: up)?"
)
PERSONS = (
    rf"{_ANYBODY}|nobody (?:else )?(?:is|appears|comes|walks|stands)|no[ -]one (?:else )?(?:is|appears|comes|walks"
    rf"|stands)"
    rf"|(?:{_PEOPLE}) (?:\w+ ){{0,4}}?(?:{_GOES})"
    rf"|(?:{_ASKED_FOR}) (?:an?|the|some|one|two|three|that|more|any|few|those|these)? ?(?:(?!{_ANYBODY}|thing)\w+ "
    rf"){{0,2}}?(?:{_PEOPLE})"
    rf"|^(?:an?|some|two|three|more|one|the) (?:(?!thing)\w+ ){{0,2}}?(?:{_PEOPLE})(?:$| (?:in|on|with|ahead|behind"
    rf"|by|near|over|close)\b)"
    rf"|^(?:{_PEOPLE})$"
)
