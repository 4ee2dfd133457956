"""The work of adjusters and approvers: what waits for a person, and what he decides."""
