"""What fails in the demo's claims, and how: things sold, their failures, and the harm these do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Harm:
    """One injury: coded as an emergency room would, and in the claimant's own words."""

    diagnosis: str
    body_part: str
    words: str


@dataclass(frozen=True, slots=True)
class Product:
    """One thing sold. ``price`` in major units of the marketplace's currency, lowest and highest."""

    name: str
    noun: str
    price: tuple[int, int]
    failures: tuple[str, ...]
    harms: tuple[Harm, ...]
    damages: tuple[str, ...]


_CUT_HAND = Harm("laceration", "hand", "It cut my hand open and I needed stitches.")
_BURNT_ARM = Harm("burns, thermal", "lower arm", "My forearm was burnt before I could pull away.")
_BACK = Harm("strain, sprain", "lower trunk", "I came down hard and my back has hurt ever since.")
_WRIST = Harm("fracture", "wrist", "I put out a hand to catch myself and broke the wrist.")
_HEAD = Harm("concussion", "head", "I hit my head and was sick for two days.")
_KNEE = Harm("contusions, abr.", "knee", "I fell on my knee, which swelled up badly.")

PRODUCTS: tuple[Product, ...] = (
    Product(
        "Folding Step Ladder, 5 Treads, Aluminium", "ladder", (55, 130),
        ("the spreader bar let go while I stood on the third tread", "a rivet sheared and one leg folded under"),
        (_WRIST, _BACK, _HEAD),
        (
            "The ladder went through the glass of our display cabinet.",
            "It tore the radiator pipe off and flooded the room.",
        ),
    ),
    Product(
        "Electric Kettle 1.7 l, Glass with Blue Light", "kettle", (25, 60),
        ("the glass body split with two litres of boiling water in it", "the handle came off while I was pouring"),
        (Harm("burn, scald", "upper leg", "Boiling water ran over my thigh."), _BURNT_ARM),
        (
            "The water ran into the worktop and the oak veneer lifted.",
            "It shorted the cooker beside it, which is dead.",
        ),
    ),
    Product(
        "E-Bike Battery Pack 48 V 14 Ah", "battery pack", (210, 480),
        ("it caught fire on its own charger in the hall", "it swelled, hissed and burst into flames overnight"),
        (_BURNT_ARM, Harm("anoxia", "all parts body", "I breathed in the smoke and was given oxygen.")),
        (
            "Hallway floor, wall and two coats burnt.",
            "The bicycle and half the shed are gone.",
            "Soot is in every room.",
        ),
    ),
    Product(
        "Self-Balancing Hoverboard with LED Wheels", "hoverboard", (120, 290),
        (
            "it stopped dead at walking pace",
            "it sped up by itself and threw me off",
            "it smoked while charging and then burnt",
        ),
        (_WRIST, _HEAD, Harm("fracture", "lower arm", "Both bones of the forearm were broken.")),
        ("It ran into the patio door and cracked both panes.", "The laminate floor under it is charred."),
    ),
    Product(
        "Washing Machine Inlet Hose 2.5 m, Reinforced", "hose", (12, 28),
        ("the crimp at the tap end let go while we were out", "it split along its length after three washes"),
        (),
        (
            "The kitchen floor, and the ceiling of the flat below, have to be renewed.",
            "Water stood in the hall; the parquet has bowed.",
            "Two base units have swollen and the freezer stopped.",
        ),
    ),
    Product(
        "Freestanding Bookcase, 6 Shelves, Oak Effect", "bookcase", (70, 180),
        (
            "it tipped over although it was fixed with the strap supplied",
            "the cam fittings pulled out and it collapsed",
        ),
        (Harm("contusions, abr.", "foot", "A shelf landed on my foot."), _HEAD),
        ("It fell across the television and the screen is broken.", "A glass table and a lamp were under it."),
    ),
    Product(
        "Air Fryer XL 6.5 l, Digital", "air fryer", (65, 160),
        (
            "the element glowed through the plastic and flames came out of the back",
            "the basket handle snapped off full of hot oil",
        ),
        (_BURNT_ARM, Harm("burns, thermal", "hand", "My palm blistered at once.")),
        ("The wall cupboard above it is burnt.", "The worktop melted and two sockets had to be replaced."),
    ),
    Product(
        "Pressure Cooker 6 l, Stainless Steel", "pressure cooker", (40, 110),
        ("the lid flew off while it was under pressure", "the valve stuck and the gasket blew out"),
        (
            Harm("burn, scald", "upper trunk", "Hot stew hit my chest and neck."),
            Harm("burn, scald", "face", "My face and ear were scalded."),
        ),
        ("The lid broke the extractor hood and the ceiling light.", "The ceramic hob cracked from side to side."),
    ),
    Product(
        "Garden Trampoline 3.05 m with Safety Net", "trampoline", (180, 390),
        ("a weld in the frame broke in the middle of a jump", "the net pole gave way and the net came down"),
        (
            Harm("fracture", "lower leg", "The shin was broken in two places."),
            _WRIST,
            Harm("strain, sprain", "ankle", "The ankle twisted under me."),
        ),
        ("A gale lifted it off its anchors and into the greenhouse.", "The pole fell on the neighbour's car roof."),
    ),
    Product(
        "Phone Charger 65 W, USB-C, 2 Ports", "charger", (14, 38),
        ("it arced at the socket and went off like a firecracker", "it got so hot that the case melted"),
        (
            Harm("electric shock", "hand", "I got a shock up to the elbow."),
            Harm("burns, thermal", "finger", "Two fingertips were burnt."),
        ),
        ("The phone and the laptop on it are dead.", "The socket and the bedside table are scorched."),
    ),
    Product(
        "Office Chair, Mesh, Height Adjustable", "office chair", (80, 240),
        ("the gas lift gave way with a bang", "the base cracked between two castors"),
        (_BACK, Harm("contusions, abr.", "elbow", "I landed on my elbow on a tiled floor.")),
        ("It went back into the glass partition.",),
    ),
    Product(
        "Electric Scooter 350 W, Foldable", "scooter", (260, 560),
        (
            "the folding latch opened while I was riding",
            "the front fork broke at the weld",
            "the brake cable pulled out",
        ),
        (
            _HEAD,
            _KNEE,
            Harm("fracture", "shoulder", "The collarbone is broken."),
            Harm("dental injury", "mouth", "I lost one front tooth and chipped another."),
        ),
        ("It slid under a parked car and tore its bumper off.", "My phone and glasses were broken in the fall."),
    ),
    Product(
        "Baby Gate, Pressure Fit, 75-82 cm", "gate", (30, 75),
        ("it came off the door frame when leaned against", "the latch stayed open though it clicked"),
        (Harm("contusions, abr.", "head", "Our child went down four stairs and has a bruised head."), _KNEE),
        ("It fell down the stairs and broke the banister.",),
    ),
    Product(
        "Gel Fuel Table Fire, Round", "table fire", (35, 95),
        ("it flared up when I refilled it as the leaflet says", "burning gel ran out of a seam"),
        (
            Harm("burns, thermal", "hand", "My hand and sleeve caught fire."),
            Harm("burns, thermal", "face", "I lost my eyebrows and my cheek is blistered."),
        ),
        ("The garden table and two cushions are burnt.", "The awning above it has a hole as big as a plate."),
    ),
    Product(
        "Cordless Angle Grinder 125 mm", "grinder", (60, 150),
        ("the disc guard came loose and the disc shattered", "it did not stop when I let go of the switch"),
        (
            _CUT_HAND,
            Harm("foreign body", "eyeball", "A splinter went behind my goggles into the eye."),
            Harm("laceration", "upper leg", "It ran across my thigh."),
        ),
        ("The disc went into the car door behind me.", "It cut into the water pipe in the wall."),
    ),
    Product(
        "Dehumidifier 20 l per Day", "dehumidifier", (110, 230),
        ("its tank switch failed and it overflowed for a weekend", "the compressor caught fire in the cellar"),
        (Harm("anoxia", "all parts body", "The cellar was full of smoke and I had to be brought out."),),
        ("The carpet and the plaster below it are ruined.", "Everything stored in the cellar is black with soot.",
         "The skirting boards and a chest of drawers have swollen."),
    ),
    Product(
        "Hair Dryer 2200 W, Ionic", "hair dryer", (22, 70),
        ("a flame shot out of the front", "the cable broke at the grip and sparked"),
        (
            Harm("burns, thermal", "head", "My hair caught and my scalp is burnt."),
            Harm("burn, electrical", "finger", "The spark burnt my fingers."),
        ),
        ("A towel and the bathroom cabinet caught fire.",),
    ),
    Product(
        "Shower Screen, 8 mm Safety Glass", "shower screen", (150, 380),
        ("it burst into pieces with nobody touching it", "the hinge broke and the pane came down"),
        (Harm("laceration", "foot", "My foot was cut to the tendon."), _CUT_HAND),
        ("The enamel of the tub and three tiles are chipped.", "The basin under it cracked."),
    ),
    Product(
        "Children's Scooter Helmet", "helmet", (18, 45),
        ("the strap buckle opened on impact", "the shell split in a fall at low speed"),
        (_HEAD, Harm("laceration", "face", "A gash on the forehead, six stitches.")),
        (),
    ),
    Product(
        "Magnetic Building Balls, 216 Pieces", "magnets", (15, 35),
        ("the coating chipped off and the balls came loose from the frame",),
        (
            Harm("ingestion", "internal", "Our child swallowed two of them and they had to be taken out."),
            Harm("foreign body", "ear", "One was stuck in the ear."),
        ),
        ("The magnets wiped the cards and stopped a watch.",),
    ),
    Product(
        "Extension Reel 25 m, 4 Sockets", "extension reel", (28, 80),
        ("it melted at half of the load it is marked for", "the cut-out did not trip and it caught fire"),
        (Harm("burns, thermal", "hand", "I burnt my hand pulling the plug."),),
        ("The garage door motor and the freezer are dead.", "The workbench and the tools on it burnt."),
    ),
    Product(
        "Inflatable Hot Tub, 4 Persons", "hot tub", (320, 690),
        ("a seam opened and it emptied over the terrace", "its heater tripped everything and scorched the cable"),
        (
            Harm("strain, sprain", "knee", "I slipped in the flood and twisted my knee."),
            Harm("derma/conjunct", "all parts body", "We all came out in a rash from the liner."),
        ),
        (
            "800 litres went through the cellar window.",
            "The decking has lifted and the wiring below has to be renewed.",
        ),
    ),
    Product(
        "Camping Gas Stove, Single Burner", "stove", (22, 60),
        ("the cartridge seal leaked and it went up in a ball of fire", "the regulator stuck wide open"),
        (_BURNT_ARM, Harm("burns, thermal", "face", "Face and hands have second degree burns.")),
        ("The tent and both sleeping bags burnt.", "The awning of the van caught fire."),
    ),
    Product(
        "Smart Door Lock with Keypad", "door lock", (90, 220),
        ("its motor jammed with us outside and a pan on the cooker", "it opened by itself in the night"),
        (_CUT_HAND,),
        ("The door had to be broken open.", "The pan burnt dry and the kitchen has to be painted."),
    ),
    Product(
        "Bunk Bed, White, Metal Frame", "bunk bed", (160, 340),
        ("a slat bracket broke and the upper bed came down", "the ladder hooks bent and it slipped off"),
        (
            Harm("fracture", "lower arm", "Our daughter's arm is broken."),
            _HEAD,
            Harm("contusions, abr.", "upper trunk", "Bruised ribs."),
        ),
        ("It crushed the desk and the computer under it.",),
    ),
    Product(
        "Face Serum 30 ml, 20 % Vitamin C", "serum", (16, 55),
        ("it burnt as soon as it was on the skin", "the bottle held something that smelt of solvent"),
        (
            Harm("burn, chemical", "face", "My cheeks peeled and are still red."),
            Harm("derma/conjunct", "eyeball", "My eyes swelled shut."),
        ),
        ("It took the colour out of the sofa where it dripped.",),
    ),
)  # fmt: skip

EXCLUDED: tuple[Product, ...] = (
    Product("Gift Cards", "gift card", (25, 200), ("it had no credit when I used it",), (), ()),
    Product("Digital Items", "download", (9, 80), ("it locked all my files",), (), ("A year's photographs are lost.",)),
    Product(
        "Services", "assembly service", (60, 150), ("they put the wardrobe up askew and it fell",), (_BACK,),
        ("The wardrobe broke the bedroom window.",),
    ),
)  # fmt: skip
"""What no marketplace covers, whatever harm it did."""
