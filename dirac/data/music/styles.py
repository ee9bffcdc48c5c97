"""The styles of the songs. Each lane of a style offers (drum, pattern)."""

from dirac.data.music import bass
from dirac.data.music.drums import (
    CLAP,
    CLAVES,
    CLOSED_HAT,
    COWBELL,
    KICK,
    LOW_CONGA,
    OPEN_CONGA,
    OPEN_HAT,
    PEDAL_HAT,
    RIDE,
    SHAKER,
    SNARE,
    STICK,
    TAMBOURINE,
    TIMBALE,
)
from dirac.data.music.extreme_styles import EXTREME_STYLES
from dirac.data.music.style import Style, lane

__all__ = ["STYLES", "Style"]

HATS = ("X.x.X.x.X.x.X.x.", "XgxgXgxgXgxgXgxg", "x.x.x.x.x.x.x.x.", "X...x...X...x...")

ROCK = Style(
    "rock",
    (96, 170),
    (
        lane(KICK, "X.......X.......", "X.....x.X.......", "X..x....X.x.....", "X.x...x...x..x.."),
        lane(SNARE, "....X.......X...", "....X..g....X..g", "....X..g.g..X..."),
        lane(CLOSED_HAT, *HATS)
        + lane(RIDE, "X.x.X.x.X.x.X.x.")
        + lane(OPEN_HAT, "x...x...x...x..."),
    ),
    {TAMBOURINE: "..x...x...x...x.", COWBELL: "x...x...x...x..."},
    (bass.driving_roots, bass.driving_roots, bass.long_roots, bass.syncopated, bass.arpeggio),
    (0, 8, 16, 48),
)
DISCO = Style(
    "disco",
    (108, 134),
    (
        lane(KICK, "X...X...X...X...", "X...X...X...X.x."),
        lane(SNARE, "....X.......X...") + lane(CLAP, "....X.......X..."),
        lane(OPEN_HAT, "..X...X...X...X.") + lane(CLOSED_HAT, "xgXgxgXgxgXgxgXg"),
    ),
    {SHAKER: "xgxgxgxgxgxgxgxg", OPEN_CONGA: "..x..x....x..xx.", CLAP: "............X..."},
    (bass.octaves, bass.octaves, bass.off_beat, bass.syncopated),
    (0, 16, 24, 25),
    looseness=0.003,
)
FUNK = Style(
    "funk",
    (88, 118),
    (
        lane(KICK, "X..x..x...x..x..", "X.x....x..x.....", "X.....x..xx..?..", "X..x....?.x..x.."),
        lane(SNARE, "....X..g.g.gX..g", "....X..g.gX.?g..", "....X.gg.g..X.g?"),
        lane(CLOSED_HAT, "XxxxXxxxXxxxXxxx", "X.xxX.xxX.xxX.xx", "x.x.x.x.x.x.x.x."),
    ),
    {OPEN_HAT: "......x.......x.", COWBELL: "x...x...x...x..."},
    (bass.syncopated, bass.syncopated, bass.octaves, bass.driving_roots),
    (0, 8, 16, 48),
    n_chord_tones=4,
)
BALLAD = Style(
    "ballad",
    (70, 92),
    (
        lane(KICK, "X.......X.......", "X......xX.......", "X.........x....."),
        lane(SNARE, "....x.......x...", "........X.......") + lane(STICK, "....x.......x..."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.", "x...x...x...x...") + lane(RIDE, "x.g.x.g.x.g.x.g."),
    ),
    {TAMBOURINE: "x.g.x.g.x.g.x.g.", PEDAL_HAT: "....x.......x..."},
    (bass.long_roots, bass.long_roots, bass.arpeggio, bass.bossa),
    (0, 8, 40),
    looseness=0.011,
)
HIP_HOP = Style(
    "hip-hop",
    (76, 104),
    (
        lane(KICK, "X......x..x.....", "X..x......x..x..", "X.x.....?.x....."),
        lane(SNARE, "....X.......X...", "....X.......X..g") + lane(CLAP, "....X.......X..."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.", "x.xxx.x.x.xxx.x.", "xgxgxgxxxgxgxxxx"),
    ),
    {OPEN_HAT: "..............x.", TAMBOURINE: "...x......x....."},
    (bass.syncopated, bass.syncopated, bass.long_roots),
    (25, 24, 0, 8),
    n_chord_tones=4,
    swing=0.55,
)
BOSSA = Style(
    "bossa",
    (110, 150),
    (
        lane(KICK, "x.....xxx.....xx", "x.....x.x.....x."),
        lane(STICK, "x..x..x...x..x..", "..x...x.x..x..x."),
        lane(CLOSED_HAT, "x.x.x.x.x.x.x.x.")
        + lane(RIDE, "x.x.x.x.x.x.x.x.")
        + lane(SHAKER, "xgxgxgxgxgxgxgxg"),
    ),
    {PEDAL_HAT: "....x.......x...", OPEN_CONGA: "......xx......xx"},
    (bass.bossa, bass.bossa, bass.walking),
    (0, 32, 40),
    n_chord_tones=4,
)
SALSA = Style(
    "salsa",
    (90, 125),
    (
        lane(KICK, "X...............", "x.......x......."),
        lane(LOW_CONGA, "..............xx", "......xx......xx"),
        lane(OPEN_CONGA, "....X.......X.xx", "..g.X.g...g.X..."),
        lane(COWBELL, "X.x.x.xxX.x.x.xx", "X...x.x.X...x.x.") + lane(CLAVES, "x..x..x...x.x..."),
    ),
    {TAMBOURINE: "x.xxx.xxx.xxx.xx", TIMBALE: "..........x...g."},
    (bass.bossa, bass.syncopated, bass.arpeggio),
    (0, 8),
)
SHUFFLE = Style(
    "shuffle",
    (84, 138),
    (
        lane(KICK, "X.......X.......", "X...x...X...x...", "X.....x.X......."),
        lane(SNARE, "....X.......X...", "....X.g...g.X.g."),
        lane(CLOSED_HAT, "X.x.X.x.X.x.X.x.") + lane(RIDE, "X...X.x.X...X.x."),
    ),
    {PEDAL_HAT: "....x.......x...", TAMBOURINE: "....x.......x..."},
    (bass.walking, bass.walking, bass.driving_roots, bass.arpeggio),
    (0, 32, 8),
    n_chord_tones=4,
    swing=0.66,
    looseness=0.010,
)
WALTZ = Style(
    "waltz",
    (86, 160),
    (
        lane(KICK, "X...........", "X.........x."),
        lane(SNARE, "....x...x...", "........X...") + lane(STICK, "....x...x..."),
        lane(RIDE, "X...x.g.x...") + lane(CLOSED_HAT, "X.x.x.x.x.x.", "x...x...x..."),
    ),
    {PEDAL_HAT: "....x......."},
    (bass.long_roots, bass.walking, bass.arpeggio),
    (0, 32, 40),
    n_beats=3,
    swing=0.56,
)

STYLES = (
    ROCK,
    ROCK,
    DISCO,
    DISCO,
    FUNK,
    FUNK,
    BALLAD,
    HIP_HOP,
    HIP_HOP,
    BOSSA,
    SALSA,
    SHUFFLE,
    WALTZ,
    *EXTREME_STYLES,
)
