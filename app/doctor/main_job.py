"""What the main job needs beside packages: the hand model, the checkpoint and its backend, a video encoder."""

from app.doctor.finding import Finding, State
from app.doctor.probe import ProbeError, ask

FETCH_HAND_MODEL = "python -m estimators.model_bundle"


def look_at_main_job() -> list[Finding]:
    """The estimator's networks, the backend that would run the model, and H.264."""
    try:
        parts = ask("app.doctor.parts_probe")
    except ProbeError as error:
        advice = "Install the packages: python -m pip install -r requirements.txt"
        return [Finding("Estimator", str(error), State.BROKEN, advice), _backend()]
    return [_hand_model(parts["hand_model"], parts["hand_model_state"]), _backend(), _encoder(parts["h264_encoders"])]


def _hand_model(path: str, state: str) -> Finding:
    if state == "intact":
        return Finding("Hand model", path)
    return Finding("Hand model", f"{state} ({path})", State.LIMITED, f"It is fetched on first use; now: {FETCH_HAND_MODEL}")


def _backend() -> Finding:
    try:
        loaded = ask("app.doctor.backend_probe", timeout_s=300.0)
    except ProbeError as error:
        advice = "Run python -m trt_engines.build to see the whole message, or choose another --checkpoint or --backend."
        return Finding("Model", str(error), State.BROKEN, advice)
    seen = (
        f"{loaded['checkpoint']}, {loaded['actions']} actions, on {loaded['description']}, loaded in {loaded['load_s']:.1f} s"
    )
    return Finding("Model", "\n".join((seen, *loaded["remarks"])))


def _encoder(encoders: list[str]) -> Finding:
    if not encoders:
        return Finding("H.264", "no encoder", State.LIMITED, "Reinstall av, the package that writes --record videos.")
    return Finding("H.264", ", ".join(encoders))
