"""Events sorted into the stories that they belong to, one part of the log after another."""

from collections.abc import Iterator
from typing import Final
from uuid import UUID

from ops.demo.routes.story import Story, Told
from shared.events.base import claim_id_of
from shared.events.insurance_accelerator import SellerCoverChanged
from shared.events.intake import ClaimAccepted, ProductHazardFlagged

ASIDE: Final = frozenset({SellerCoverChanged, ProductHazardFlagged})
"""What is told of sellers and products, and belongs to the stories of their claims."""


class Gathered:
    """What upstream, sellers and products say is kept to the end; claims' own events only until ``forget_claims``."""

    def __init__(self) -> None:
        self._of_claims: dict[UUID, list[Told]] = {}
        self._submitted: dict[UUID, list[Told]] = {}
        self._cover: dict[str, list[SellerCoverChanged]] = {}
        self._hazardous: set[UUID] = set()

    def add(self, told: Told) -> None:
        match told.event:
            case SellerCoverChanged() as cover:
                self._cover.setdefault(cover.seller_id, []).append(cover)
            case ProductHazardFlagged() as flagged:
                self._hazardous.update(flagged.claim_ids)
            case event:
                claim_id, submission_id = getattr(event, "claim_id", None), getattr(event, "submission_id", None)
                if isinstance(claim_id, UUID):
                    self._of_claims.setdefault(claim_id, []).append(told)
                elif isinstance(submission_id, str):
                    self._submitted.setdefault(claim_id_of(submission_id), []).append(told)

    def stories(self) -> Iterator[tuple[UUID, Story]]:
        """Of every claim that a service has spoken of since the last ``forget_claims``."""
        for claim_id, told in self._of_claims.items():
            accepted = next((each.event for each in told if isinstance(each.event, ClaimAccepted)), None)
            cover = self._cover.get(accepted.seller_id, ()) if accepted else ()
            story = Story(
                [*self._submitted.get(claim_id, ()), *told], cover, hazardous=claim_id in self._hazardous
            )  # fmt: skip
            yield claim_id, story

    def forget_claims(self) -> None:
        self._of_claims.clear()
