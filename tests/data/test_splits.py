from dirac.data.splits import split_names


def test_shares_are_70_15_15_and_every_name_has_one_place():
    names = [f"Track{number:05d}" for number in range(1, 21)]
    splits = split_names(names)
    assert [len(splits[split]) for split in ("train", "validation", "test")] == [14, 3, 3]
    assert sorted(name for part in splits.values() for name in part) == names
    assert all(part == sorted(part) for part in splits.values())


def test_the_splits_of_babyslakh_are_for_ever_these():
    splits = split_names(f"Track{number:05d}" for number in range(1, 21))
    numbers = {split: [int(name[-5:]) for name in names] for split, names in splits.items()}
    assert numbers["validation"] == [8, 11, 19]
    assert numbers["test"] == [6, 10, 16]


def test_neither_order_nor_the_form_of_unicode_matters():
    names = ["b.wav", "caf\u00e9.mp3", "c", "d"]
    splits = split_names(names)
    assert split_names(names[::-1]) == splits
    decomposed = split_names(name.replace("\u00e9", "e\u0301") for name in names)
    for split, part in splits.items():
        assert [name.replace("\u00e9", "e\u0301") for name in part] == decomposed[split]


def test_three_names_fill_all_splits_and_fewer_are_train():
    assert [len(part) for part in split_names("abc").values()] == [1, 1, 1]
    assert split_names("ab") == {"train": ["a", "b"], "validation": [], "test": []}
