"""The simulator: a receivables portfolio whose truth is known. Start at `data.simulation.simulator`."""
