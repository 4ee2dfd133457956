"""The sample carriers behind the Insurance Accelerator: each with an appetite and rates of its own, in a TOML file."""
