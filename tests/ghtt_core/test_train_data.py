"""The data sets that a training command names, and how a model card names them."""

import numpy as np

from ghtt_core.card import ATTRIBUTIONS
from ghtt_core.train.data import load_data, short_name, source_of


def test_backwards_is_the_same_motion_with_time_turned_round_and_without_names():
    (_, forwards, _), (_, backwards, share) = load_data(["synthetic:2", "backwards:synthetic:2@0.5"])[0]
    assert share == 0.5
    for ahead, back in zip(forwards, backwards, strict=True):
        np.testing.assert_array_equal(back.joints_m[::-1], ahead.joints_m)
        np.testing.assert_array_equal(back.world_from_cam[::-1], ahead.world_from_cam)
        assert back.recording == ahead.recording
        assert back.name != ahead.name
        assert ahead.segments
        assert not back.segments


def test_backwards_is_not_validated_on():
    _, validation = load_data(["synthetic:2", "backwards:synthetic:2"])
    assert [name for name, _ in validation] == ["synthetic"]


def test_a_card_names_data_by_its_last_part_and_knows_its_source():
    assert short_name("some/where/ego@1.5") == "ego@1.5"
    assert short_name("backwards:some/where/ego@0.6") == "backwards:ego@0.6"
    for specification in ("ego@1.5", "backwards:ego@0.6", "synthetic:20@0.4", "thai_sign_leap.npz@2"):
        assert source_of(specification) in ATTRIBUTIONS
