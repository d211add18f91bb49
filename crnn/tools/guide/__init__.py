"""The figures of the guide, drawn from what the network gives today."""
