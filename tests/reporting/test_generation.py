from dirac.reporting.generation import read_new_music

VALUES = {
    "frechet_generated": 52.34,
    "frechet_latent_diffusion": 61.0,
    "frechet_real": 47.06,
    "nearest_generated": 0.912,
    "kept_variations": 0.8,
    "kept_reconstruction": 0.9,
    "kept_other_song": 0.12,
    "replaced_variations": 0.31,
    "replaced_other_song": 0.14,
    "diversity": 0.456,
}


def test_the_verdict_follows_the_figures() -> None:
    found = read_new_music(VALUES)
    assert found is not None
    assert "lie 52.3 from the test set, closer than those of a plain latent diffusion (61.0)" in (
        found.verdict
    )
    assert "lie 47.1 from it." in found.verdict
    lost, level = (
        read_new_music(VALUES | {"frechet_latent_diffusion": value}) for value in (50.0, 52.3)
    )
    assert lost is not None
    assert "farther than those" in lost.verdict
    assert level is not None
    assert "as far as those" in level.verdict


def test_a_row_a_kind_and_a_dash_where_nothing_was_measured() -> None:
    found = read_new_music(VALUES)
    assert found is not None
    assert [(row.kind, row.frechet, row.nearest) for row in found.rows] == [
        ("ours", "52.3", "0.91"),
        ("baseline", "61.0", "–"),
        ("bound", "47.1", "–"),
    ]
    assert "likeness of 0.80" in found.variations
    assert "46\N{NO-BREAK SPACE}% as far apart" in found.variations
    assert "what the song had there by 0.31, where another song's is by 0.14" in found.variations


def test_older_results_say_nothing_of_what_is_replaced() -> None:
    older = {name: value for name, value in VALUES.items() if not name.startswith("replaced")}
    found = read_new_music(older)
    assert found is not None
    assert found.variations.endswith("two different songs.")


def test_without_a_prior_there_is_nothing_and_of_one_component_no_variation() -> None:
    assert read_new_music({}) is None
    found = read_new_music({"frechet_generated": 1.0})
    assert found is not None
    assert found.verdict == "Songs from the prior lie 1.0 from the test set."
    assert found.variations == ""
