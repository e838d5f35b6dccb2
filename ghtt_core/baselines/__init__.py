"""What the model has to beat: simple forecasters, filters and a recogniser, each fitted on the training recordings."""
