"""The main job: real parts from a plant's telemetry to Gold, and the proof that nothing was lost, doubled or reordered."""
