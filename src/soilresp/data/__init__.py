"""Where bytes come from: the registry of inputs, the look-up, the embedded fields."""
