"""Stories, the simulator and the demo clock."""
