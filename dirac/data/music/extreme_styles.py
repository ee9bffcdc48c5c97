"""Styles at the edges: double and half time, double kick, rolls, sparse drums, hats alone."""

from dirac.data.music import bass
from dirac.data.music.drums import (
    CLAP,
    CLOSED_HAT,
    KICK,
    LOW_CONGA,
    OPEN_CONGA,
    OPEN_HAT,
    PEDAL_HAT,
    RIDE,
    RIDE_BELL,
    SHAKER,
    SNARE,
    STICK,
    TAMBOURINE,
)
from dirac.data.music.style import Style, lane

METAL = Style(
    "metal",
    (120, 190),
    (
        lane(KICK, "xxxxxxxxxxxxxxxx", "X.xxX.xxX.xxX.xx", "x.x.x.x.x.x.x.x.", "X..X..X..X..X.X."),
        lane(SNARE, "....X.......X...", "..X...X...X...X.", "........X......."),
        lane(RIDE_BELL, "X...X...X...X...") + lane(OPEN_HAT, "X...X...X...X...")
        + lane(CLOSED_HAT, "X.x.X.x.X.x.X.x."),
    ),
    {},
    (bass.driving_roots, bass.driving_roots, bass.pedal, bass.syncopated),
    (16, 16, 0),
    looseness=0.004,
)  # fmt: skip
PUNK = Style(
    "punk",
    (150, 190),
    (
        lane(KICK, "X...X...X...X...", "X.....X.X.....X.", "X...X.X.X...X.X."),
        lane(SNARE, "..X...X...X...X.", "....X.......X..."),
        lane(CLOSED_HAT, "X.X.X.X.X.X.X.X.") + lane(OPEN_HAT, "X...X...X...X..."),
    ),
    {},
    (bass.driving_roots, bass.driving_roots, bass.arpeggio),
    (0, 16),
)
TRAP = Style(
    "trap",
    (120, 160),
    (
        lane(KICK, "X.........x.....", "X.....x.......x.", "X..x......x..x.."),
        lane(SNARE, "........X.......") + lane(CLAP, "........X......."),
        lane(
            CLOSED_HAT,
            "x.x.x.x.x.r.x.x.",
            "x.xrx.x.x.x.trr.",
            "x.x.xrrrx.x.x.tt",
            "x...x.x.x...rrrr",
        ),
    ),
    {OPEN_HAT: "..............x.", STICK: "..x..x......x..."},
    (bass.held_subs, bass.held_subs, bass.slides),
    (25, 24),
    looseness=0.001,
)
DRUM_AND_BASS = Style(
    "drum-and-bass",
    (160, 180),
    (
        lane(KICK, "X.........x.....", "X.x.......x.....", "X.....x...x..x.."),
        lane(SNARE, "....X.......X...", "....X..g.g..X..g", "....X..x.x..X..."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.", "xgxgxgxgxgxgxgxg") + lane(RIDE, "x.x.x.x.x.x.x.x."),
    ),
    {SHAKER: "xgxgxgxgxgxgxgxg", OPEN_HAT: "..x...x...x...x."},
    (bass.held_subs, bass.slides, bass.syncopated, bass.off_beat),
    (24, 25, 0),
    n_chord_tones=4,
    looseness=0.003,
)
REGGAE = Style(
    "reggae",
    (64, 90),
    (
        lane(KICK, "........X.......", "X...x...X...x...", "X.......X......."),
        lane(STICK, "........X.......", "........X....x..") + lane(SNARE, "........X......."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.", "..x...x...x...x.", "xgxgxgxgxgxgxgxg"),
    ),
    {OPEN_HAT: "......x.......x.", TAMBOURINE: "....x.......x..."},
    (bass.syncopated, bass.melodic, bass.arpeggio),
    (0, 8, 40),
    swing=0.58,
)
HALF_TIME = Style(
    "half-time",
    (110, 180),
    (
        lane(KICK, "X...............", "X.........x.....", "X.....x.......x."),
        lane(SNARE, "........X.......", "........X......g"),
        lane(CLOSED_HAT, "x...x...x...x...", "X.x.X.x.X.x.X.x.") + lane(RIDE, "X...x...X...x..."),
    ),
    {},
    (bass.long_roots, bass.pedal, bass.slides, bass.slap),
    (0, 8, 16),
)
SLOW_SIX = Style(
    "six-eight",
    (75, 150),
    (
        lane(KICK, "X...........", "X....x......", "X.........x."),
        lane(SNARE, "......X.....", "......X...g.") + lane(STICK, "......X....."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.", "X...x.X...x.") + lane(RIDE, "X.x.x.X.x.x."),
    ),
    {TAMBOURINE: "......x....."},
    (bass.long_roots, bass.arpeggio, bass.melodic, bass.slides),
    (0, 8, 32),
    n_beats=3,
)
BRUSHES = Style(
    "brushes",
    (60, 130),
    (
        lane(SNARE, "xggxxggxxggxxggx", "g.g.x.g.g.g.x.g.", "xxgxxxgxxxgxxxgx"),
        lane(RIDE, "X...x.x.X...x.x.", "x...x...x...x...") + lane(PEDAL_HAT, "....x.......x..."),
    ),
    {KICK: "g.......g.......", PEDAL_HAT: "....x.......x..."},
    (bass.walking, bass.long_roots, bass.melodic),
    (40, 40, 32),
    n_chord_tones=4,
    swing=0.64,
    looseness=0.012,
)
PERCUSSION = Style(
    "percussion",
    (70, 130),
    (
        lane(OPEN_CONGA, "x..x....x.......", "....x.xx....x...", "x......x..x....."),
        lane(LOW_CONGA, "......x.........", "..............xx"),
        lane(SHAKER, "x...x...x...x...", "..x...x...x...x.") + lane(TAMBOURINE, "....x.......x..."),
    ),
    {STICK: "............x...", KICK: "x..............."},
    (bass.melodic, bass.long_roots, bass.bossa, bass.pedal),
    (0, 8),
)
HATS_ONLY = Style(
    "hats-only",
    (80, 140),
    (
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.", "xgxgxgxgxgxgxgxg", "x...x...x...x...")
        + lane(RIDE, "x...x.x.x...x.x."),
    ),
    {OPEN_HAT: "......x.......x.", SHAKER: "x.x.x.x.x.x.x.x.", PEDAL_HAT: "....x.......x..."},
    (bass.slap, bass.syncopated, bass.held_subs, bass.melodic),
    (0, 8, 25),
)  # fmt: skip

EXTREME_STYLES = (
    METAL,
    PUNK,
    TRAP,
    DRUM_AND_BASS,
    REGGAE,
    HALF_TIME,
    SLOW_SIX,
    BRUSHES,
    PERCUSSION,
    HATS_ONLY,
)
