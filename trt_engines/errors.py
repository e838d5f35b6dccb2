"""Why a backend cannot run here."""


class BackendUnavailableError(Exception):
    """A backend cannot run on this machine: a package, a card or a driver is missing, or too little memory.

    Its text is a clause without a full stop, made to stand in a sentence: "TensorRT is not used: {error}; ... runs instead."
    """
