import pytest

from dirac.reporting.findings import compared, headline, learnt, listed


def scores(**levels: float | None) -> dict[str, dict[str, dict[str, float | None]]]:
    return {
        name: {"si_sdr": {"mean": level, "drums": level, "bass": level}}
        for name, level in levels.items()
    }


def test_names_are_listed_as_prose() -> None:
    assert listed(["drums"]) == "drums"
    assert listed(["drums", "bass", "piano"]) == "drums, bass and piano"


def test_differences_agree_with_the_printed_numbers() -> None:
    assert compared(8.04, 3.96, "NMF") == "4.0 dB above NMF"
    assert compared(1.0, 1.04, "NMF") == "level with NMF"
    assert compared(-1.0, 1.0, "NMF") == "2.0 dB below NMF"


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (
            {
                "refined": 8.0,
                "decoded": 3.0,
                "mixture": -0.2,
                "hpss": 4.0,
                "nmf": 2.0,
                "oracle": 12,
            },
            "It separates drums and bass with a mean SI-SDR of 8.0 dB: 8.2 dB above the untouched "
            "mixture and 4.0 dB above HPSS, the best baseline.",
        ),
        (
            {"refined": 3.0, "mixture": 0.0, "hpss": 4.0, "oracle": 12},
            "It takes drums and bass apart with a mean SI-SDR of 3.0 dB: 3.0 dB above the "
            "untouched mixture, but 1.0 dB below HPSS, the best baseline.",
        ),
        (
            {"refined": 4.0, "mixture": 0.0, "hpss": 4.0},
            "It takes drums and bass apart with a mean SI-SDR of 4.0 dB: 4.0 dB above the "
            "untouched mixture, but level with HPSS, the best baseline.",
        ),
        (
            {"refined": -3.0, "mixture": 0.0, "nmf": 1.0},
            "In this run it does not separate drums and bass: its mean SI-SDR is −3.0 dB, 3.0 dB "
            "below the untouched mixture and 4.0 dB below NMF, the best baseline.",
        ),
        ({"refined": 2.0}, "It separates drums and bass with a mean SI-SDR of 2.0 dB."),
        (
            {"mixture": 0.0, "nmf": 1.0},
            "This run has no score of the model on drums and bass yet.",
        ),
    ],
)
def test_the_sentence_follows_from_the_figures(levels: dict[str, float], expected: str) -> None:
    assert learnt(scores(**levels)) == expected


def test_the_headline_says_who_won_by_its_sign() -> None:
    figures = headline({"separation": scores(refined=3.0, mixture=0.0, hpss=4.0, oracle=12.0)})
    assert [figure.value for figure in figures] == ["3.0", "+3.0", "−1.0", "12.0"]
    assert figures[3].caption == "Oracle mask, an upper bound"
    assert headline({"separation": scores(mixture=0.0)}) == []


def test_what_takes_nothing_apart_is_no_rival() -> None:
    found = learnt(scores(refined=8.0, mixture=0.0, untrained=1.0, nmf=-2.0))
    assert found.endswith("and 10.0 dB above NMF, the best baseline.")


def test_sentence_and_headline_print_the_same_difference() -> None:
    close = scores(refined=8.04, mixture=0.0, hpss=3.96)
    assert "4.0 dB above HPSS" in learnt(close)
    assert headline({"separation": close})[2].value == "+4.0"
    level = scores(refined=4.01, mixture=0.0, hpss=4.0)
    assert learnt(level).startswith("It takes drums and bass apart")
    assert headline({"separation": level})[2].value == "0.0"


def test_a_method_without_a_number_is_no_rival() -> None:
    assert "HPSS" not in learnt(scores(refined=3.0, hpss=None, nmf=1.0))
