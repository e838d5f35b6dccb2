"""The figures of the paper, for the data sets that it used: printed beside ours, and marked as quoted.

Quoted from the poster of G-HTT (arXiv 2311.17366, HANDS workshop at ECCV 2024). FID and APD are over actions of a second or
more; the two FIDs are the paper's two feature networks, which are not ours, so only the order of rows can be compared.
"""

from collections.abc import Mapping, Sequence

from ghtt_core.evaluate.tables import Column, Table

_PREDICTION = (Column("fid", "FID (two networks)"), Column("apd", "APD, mm", 1))
_IMAGES = (Column("ra", "MPJPE-RA left, right, mm: views v1; v3; v8"), Column("actions", "actions, %: v1; v3; v8"))
_NOTE = "Quoted from the poster of arXiv 2311.17366, not measured here."

QUOTED: Mapping[str, Sequence[Table]] = {
    "h2o": (
        Table(
            "quoted-prediction",
            "Quoted: prediction on H2O test",
            _PREDICTION,
            [
                ("PoseGPT, quoted", {"fid": "11.70 and 24.1", "apd": 48.6}),
                ("G-HTT, quoted", {"fid": "8.19 and 20.1", "apd": 33.9}),
            ],
            [_NOTE],
        ),
        Table(
            "quoted-images",
            "Quoted: H2O from images",
            (Column("ra", "MPJPE-RA left, right, mm"), Column("actions", "actions, %", 2)),
            [("HTT, quoted", {"ra": "35.02, 35.63", "actions": 86.36})],
            [_NOTE],
        ),
    ),
    "assemblyhands": (
        Table(
            "quoted-prediction",
            "Quoted: prediction on AssemblyHands validation",
            _PREDICTION,
            [
                ("PoseGPT, quoted", {"fid": "16.07 and 25.3", "apd": 33.0}),
                ("G-HTT, quoted", {"fid": "5.04 and 28.1", "apd": 32.8}),
            ],
            [_NOTE],
        ),
        Table(
            "quoted-images",
            "Quoted: AssemblyHands from images",
            _IMAGES,
            [
                ("ResNet-18 estimator, quoted", {"ra": "35.4, 22.7; 27.5, 27.2; 26.1, 30.4"}),
                ("HTT, quoted", {"ra": "55.6, 39.0; 26.7, 27.3; 91.3, 88.5", "actions": "16.55; 39.42; 9.98"}),
                ("G-HTT, quoted", {"ra": "35.1, 22.4; 27.3, 26.9; 25.9, 30.0", "actions": "36.01; 34.79; 36.74"}),
            ],
            [_NOTE],
        ),
    ),
}
"""Kind of data set, as in `ghtt_core.data.registry.KINDS`, to its tables."""
