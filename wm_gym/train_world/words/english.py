"""Everyday English about no event: words by their part of speech, and the shapes of sentences that they fill."""

from __future__ import annotations

NOUNS = tuple(
    """
    account actor address advice age agreement airport album alarm angle animal answer apartment apple argument arm
    army art article artist attention attitude aunt author baby back bag baker ball balloon banana band bank bar
    basket bath battery beach bear beard bed bee beer bell belt bench bicycle bill birthday biscuit blood board boat
    body bone book bottle bottom bowl brain branch bread breakfast breath brick bridge brother brush bucket budget
    bug building bus business butter button cake calendar camera camp candle cap captain card care career carpet
    case castle cat cause ceiling cell century chain chair champion chance chapter cheese chef chicken chocolate
    choice church circle circus class client cliff clock cloth club coach coast coat code coffee coin collar college
    comb company computer concert contract cook copy corner cost cotton country course court cousin cow cream credit
    crime crown cup customer dancer data date daughter deal decision degree dentist design desk detail diamond
    dinner dish doctor dog doll dollar door dragon drawer dream dress drink drum duty ear earthquake economy edge
    education effort egg elephant elevator emperor energy engineer envelope error essay exam example exercise exit
    experience eye face factory family fan farm farmer fashion father fault fear fee fence fiddle film finger fish
    flag flight flood floor flour flute food foot football force forest form fountain fox frame freedom friend frog
    front fruit fuel fun furniture future game garage garden gate ghost giant gift giraffe glass glove goal goat god
    grammar guest guide guitar gun habit hair hammer hand harbour hat head health heart height helicopter help
    history hobby hole holiday home honey hope horse hospital hotel hour house hunger idea illness inch ink insect
    island jacket jam job joke journey judge juice key kick king kitchen kite knee knife knight knot lake language
    laptop law lawyer leader leg lemon lesson letter library lie life lion list loan lock lunch machine magazine
    mail manager map market marriage match meal meaning measure meat medicine meeting member memory menu message
    metal meteor method milk mind mine minister mirror mistake model money monkey monster month mother mountain
    mouse mouth movie museum music nail name neck need needle neighbour nerve nest net news newspaper noise nose
    note number nurse ocean offer office oil onion opera opinion order owner page pain paint painting palace paper
    parent part party password past path pattern payment peace pen pencil penguin pepper phone photograph piano
    picture piece pig pilot pipe planet plate player pocket poem poet point police policy pond pool pope potato
    pound president price prince princess printer prison prize problem product professor profit project promise
    proof puzzle queen question queue rabbit race radio railway reason recipe record religion rent report rice ring
    risk river road robot role room root rope rule sailor salad salt sand sandwich scale school science scissors
    score screen sea season seat secret secretary sentence servant shadow shape shark sheep shelf shell ship shirt
    shock shoe shop shoulder show side sign silver singer sister size skin skirt sleep snake soap sock sofa soldier
    solution son song soul sound soup space speech speed spider spoon sport spot stage stair stamp statement station
    statue step stomach stone story stranger street string student style subject sugar suit summer supper surprise
    table tail tailor talk task tax tea teacher team tear telephone temple tennis tent test text theatre theory
    thief thing thought throat ticket tiger time tip title toe tomato tongue tool tooth top topic tower town toy
    trade train transport trick trip troll trousers truth turtle uncle unicorn university valley value vegetable
    village violin virus visit voice volcano wage wall wallet war water way wealth wedding week weight whale wheel
    wheat wife window wine wing winner wire wish witch wizard wolf word work world wound writer yard year zebra
    """.split()  # noqa: SIM905 (a list of strings would be names of settings to the test of words)
)
VERBS = tuple(
    """
    accept add admire agree allow answer argue arrange ask attack bake balance bark believe belong bite blame bounce
    bow breathe bring build buy calculate call carry catch change charge check choose clap clean climb close collect
    compare complain complete consider contain continue control cook copy count cry cut dance decide defend deliver
    describe design destroy develop discuss divide draw dream dress drink earn eat employ enjoy enter examine
    explain express fail feed feel fight find fix fold follow forget forgive form freeze gather get give go greet
    grow guess hang hate hear help hide hire hit hold hope hug hunt hurt imagine improve include invent invite join
    jump keep kick kiss knock know laugh lead lean learn leave lend let lick like listen live lock look lose love
    make manage march mark marry measure meet mention mind miss mix move need notice obey offer open order own pack
    paint park pay pick plan play point polish practise praise prefer prepare present press pretend print produce
    promise protect prove pull punish push put race reach read receive recognise record refuse remember repair
    repeat replace reply report rescue rest return ride ring roll rub rule run save say scratch search see seem sell
    send serve sew shake share shoot shop shout show shut sing sit sleep slide smell smile solve speak spell spend
    spill spin stand stare start stay steal step stop study suffer suggest suppose surprise swim take talk taste
    teach tell thank think throw tie touch trade train travel treat trust try turn type use visit wait walk want
    warn wash waste watch wear weigh whisper win wonder work worry wrap write yell
    """.split()  # noqa: SIM905 (a list of strings would be names of settings to the test of words)
)
ADJECTIVES = tuple(
    """
    able angry bad beautiful blue brave brief busy careful cheap clever cold comfortable common cool correct cruel
    curious dangerous dear deep delicious different difficult dirty double eager early easy empty equal expensive
    fair famous fast favourite few final fine firm fresh friendly full funny general gentle giant glad good grand
    great green guilty happy hard healthy heavy high honest hot huge hungry important kind large late lazy little
    local lonely long loud lovely lucky mad main married modern narrow neat new nice noisy normal old open perfect
    pink plain polite poor popular possible pretty private proud purple quick quiet rare ready real red rich right
    rough round sad safe secret serious sharp short sick silent silly simple slow small smart smooth soft special
    steep stiff strange strict strong stupid sudden sure sweet tall thick thin tidy tiny tired tough true ugly
    useful usual violent warm weak wet white whole wide wild wise wooden wrong yellow young
    """.split()  # noqa: SIM905 (a list of strings would be names of settings to the test of words)
)
SHAPES = (
    "the {n} {v}s the {n}",
    "a {n} {v}s", "he {v}s the {n}", "she {v}s her {n}", "they {v} the {a} {n}", "i {v} a {n}", "{v} the {n}",
    "{v} the {a} {n}",
    "please {v} the {n}", "the {a} {n} {v}s", "a {a} {n} of {n}", "the {n} of the {n}", "the {n} is {a}",
    "the {n}s are {a}",
    "my {n} is {a}", "he has a {a} {n}", "she {v}s and {v}s", "we {v} in the {n}", "the {n} in the {n} is {a}",
    "do you {v} the {n}",
    "why does the {n} {v}", "can you {v} my {n}", "who {v}s the {n}", "what is a {n}", "where is the {n}",
    "there is a {n} in the {n}",
    "the {n} {v}s on the {n}", "a {n} and a {n}", "turn the {n} into a {n}", "make the {n} {a}",
    "make it {a}",
    "the {n} becomes {a}", "the {n} turns {a}", "the {n} falls off the {n}", "the {n} goes {a}", "every {n} {v}s",
    "no {n} can {v} a {n}",
    "it is a {a} {n}", "it is {a} of you to {v}", "the {n} was {v}ed by the {n}", "she {v}ed him with a {n}",
    "he {v}ed into the {n}",
    "they {v}ed about the {n}", "the {n} {v}ed all day", "{a} {n}s {v} {a} {n}s", "a {n} for the {n}",
    "let the {n} {v}",
    "let us {v} the {n}", "i want to {v}", "i want a {a} {n}", "give me the {n}", "show me the {n}", "bring me a {n}",
    "stop the {n}",
    "remove the {n}", "the {n} stops", "the {n} is over", "the {n} ends", "the {n} disappears", "no more {n}s",
    "the {n} is gone",
    "a {n} appears", "suddenly a {n} {v}s", "a {a} {n} comes", "put the {n} on the {n}", "take the {n} to the {n}",
    "the sound of the {n}",
    "the {n} lights up", "the light of the {n}", "the {n} burns his {n}", "the {n} is up to you", "{a} as a {n}",
    "more and more {n}s",
    "the {n} rises by a {n}", "the {n} drops to a {n}", "i am {a}", "you are {a}", "this {n} is too {a}",
    "that is a {a} {n}",
    "the {n} has to {v}", "we will {v} it", "it {v}s", "the {n} comes back", "the {n} over there {v}s", "{n}",
    "{a}",
    "{v}",
    "{a} {n}",
    "{v} it", "{v} him", "{v} at the {n}", "the sky {v}s the {n}", "the {n} fills with {n}", "{n} everywhere",
    "the air {v}s",
    "the whole {n} {v}s", "the place is {a}", "the street is {a}", "the house is {a}", "the ground is {a}",
)  # fmt: skip
"""Shapes of sentences: {n} a noun, {v} a verb, {a} an adjective."""
