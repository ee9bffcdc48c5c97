"""Which files in a folder are audio, by their names: of formats that libsndfile reads."""

SUFFIXES = frozenset(
    f".{name}"
    for name in (
        *("wav", "wave", "flac", "mp3", "ogg", "oga", "opus", "aif", "aiff", "aifc", "au", "snd"),
        *("caf", "w64", "rf64"),
    )
)
