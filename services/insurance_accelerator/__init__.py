"""The Insurance Accelerator: which seller must be insured, which one is, and how he becomes it."""
