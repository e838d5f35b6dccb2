"""Picture to hands: estimators, lifting to metres, identity and camera motion."""
