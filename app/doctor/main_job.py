"""What the main job needs beside packages: the estimator and its hand model, the checkpoint and its backend, an encoder."""

from app.doctor.finding import Finding, State
from app.doctor.probe import ProbeError, ask

FETCH_HAND_MODEL = "python -m estimators.model_bundle"


def look_at_estimator() -> list[Finding]:
    """The hand model, and the estimator on top of it."""
    try:
        seen = ask("app.doctor.estimator_probe")
    except ProbeError as error:
        advice = "Install the packages (python -m pip install -r requirements.txt) and the system libraries."
        return [Finding("Estimator", str(error), State.BROKEN, advice)]
    if seen["state"] != "intact":
        advice = f"It is fetched on first use (never with --offline); to fetch it now: {FETCH_HAND_MODEL}"
        return [Finding("Hand model", f"{seen['state']} ({seen['hand_model']})", State.LIMITED, advice)]
    return [
        Finding("Hand model", seen["hand_model"]),
        Finding("Estimator", f"{seen['estimator']}, loaded in {seen['load_s']:.1f} s"),
    ]


def look_at_model() -> list[Finding]:
    """The checkpoint, the backend that runs it, and why others do not."""
    try:
        loaded = ask("app.doctor.backend_probe", timeout_s=300.0)
    except ProbeError as error:
        advice = "Run python -m trt_engines.build to see the whole message, or choose another --checkpoint or --backend."
        return [Finding("Model", str(error), State.BROKEN, advice)]
    seen = (
        f"{loaded['checkpoint']}, {loaded['actions']} actions, on {loaded['description']}, loaded in {loaded['load_s']:.1f} s"
    )
    return [Finding("Model", "\n".join((seen, *loaded["remarks"])))]


def look_at_encoders() -> list[Finding]:
    """H.264, for --record."""
    try:
        encoders = ask("app.doctor.encoder_probe")
    except ProbeError as error:
        encoders, reason = [], str(error)
    else:
        reason = "no encoder"
    if not encoders:
        return [Finding("H.264", reason, State.LIMITED, "Reinstall av, the package that writes --record videos.")]
    return [Finding("H.264", ", ".join(encoders))]
