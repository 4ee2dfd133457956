"""Products whose claims add up: flagged once at each level, with what a safety team asks first."""

from datetime import date, timedelta
from typing import Any

import pytest

from services.intake import products
from services.intake.products import NAMED, Product
from services.intake.state import At
from shared.events.base import claim_id_of
from shared.events.claim import InjuryClass
from shared.events.intake import HazardLevel, InjuryCount, ProductHazardFlagged, ProductIncidentReported
from shared.policy import Policies, load
from shared.runtime import Decision, Moment
from tests.deciding import at, day

FIRST = date(2025, 3, 1)


def hurt(number: int, *, after: int = 0, serious: bool = False, **changes: Any) -> ProductIncidentReported:
    """One claim about the product, so many days after the first."""
    fields: dict[str, Any] = {
        "product": "Kettles",
        "claim_id": claim_id_of(f"fnol-{number}"),
        "seller_id": "seller-1",
        "policy": "US-1",
        "incident_on": FIRST + timedelta(days=after),
        "injury": InjuryClass.SERIOUS if serious else InjuryClass.MINOR,
        "minor": False,
        "diagnosis": "burn, scald",
    }
    return ProductIncidentReported.model_validate(fields | changes)


def heard(*reports: ProductIncidentReported) -> tuple[Product, list[ProductHazardFlagged]]:
    """What is known in the end, and all that was flagged."""
    product, flags = Product(), list[ProductHazardFlagged]()
    for report in reports:
        decision = products.product_incident(product, report, at(day(0)))
        product = decision.state
        flags += [said for said in decision.says if isinstance(said, ProductHazardFlagged)]
    return product, flags


def levels(*reports: ProductIncidentReported) -> list[HazardLevel]:
    return [flag.level for flag in heard(*reports)[1]]


def test_one_claim_flags_nothing() -> None:
    assert products.first_product_incident(hurt(1), at(day(0))).says == ()


@pytest.mark.parametrize(
    ("claims", "serious", "flagged"),
    [
        (9, 0, []),
        (10, 0, [HazardLevel.WATCH]),
        (2, 2, [HazardLevel.WATCH]),
        (25, 0, [HazardLevel.WATCH, HazardLevel.INVESTIGATE]),
        (5, 5, [HazardLevel.WATCH, HazardLevel.INVESTIGATE]),
        (60, 0, [HazardLevel.WATCH, HazardLevel.INVESTIGATE, HazardLevel.STOP_SALE]),
        (200, 0, [HazardLevel.WATCH, HazardLevel.INVESTIGATE, HazardLevel.STOP_SALE]),
    ],
)
def test_so_many_claims_or_so_many_serious_ones_reach_a_level_each_once(
    claims: int, serious: int, flagged: list[HazardLevel]
) -> None:
    assert levels(*(hurt(number, serious=number < serious) for number in range(claims))) == flagged


def test_the_same_claim_counts_once() -> None:
    given, _ = heard(hurt(1, serious=True))
    assert products.product_incident(given, hurt(1, serious=True), at(day(1))) == Decision(given)


def of_gb(product: Product, number: int, *known: HazardLevel) -> Decision[Product]:
    """A claim of a marketplace that knows these levels alone."""
    us, gb = load().version("US-1"), load().version("GB-1")
    fewer = gb.model_copy(update={"hazards": tuple(rule for rule in us.hazards if rule.level in known)})
    moment: At = Moment(day(0), day(0), Policies([us, fewer]), True, None)
    return products.product_incident(product, hurt(number, policy="GB-1"), moment)


def test_a_claim_of_a_marketplace_without_hazards_takes_nothing_from_those_of_the_others() -> None:
    given, _ = heard(*(hurt(number) for number in range(9)))

    assert of_gb(given, 9) == Decision(given)
    assert [type(said) for said in products.product_incident(given, hurt(10), at(day(1))).says] == [
        ProductHazardFlagged
    ]


def test_a_marketplace_that_knows_no_higher_level_takes_nothing_from_those_that_do() -> None:
    given, _ = heard(*(hurt(number) for number in range(9)))

    flagged = of_gb(given, 9, HazardLevel.WATCH)
    again = of_gb(flagged.state, 10, HazardLevel.WATCH)

    assert (flagged.state.flagged, len(flagged.state.claims)) == (HazardLevel.WATCH, 10)
    assert again == Decision(flagged.state)


@pytest.mark.parametrize(("apart", "flagged"), [(89, [HazardLevel.WATCH]), (90, [])])
def test_only_incidents_within_the_window_add_up(apart: int, flagged: list[HazardLevel]) -> None:
    assert levels(hurt(1, serious=True), hurt(2, serious=True, after=apart)) == flagged
    assert levels(hurt(2, serious=True, after=apart), hurt(1, serious=True)) == flagged


def test_a_claim_reported_late_adds_up_with_those_of_its_own_time() -> None:
    assert levels(hurt(1, serious=True), hurt(2, after=100), hurt(3, serious=True, after=5)) == [HazardLevel.WATCH]


def test_a_flag_tells_what_a_safety_team_asks_first() -> None:
    _, (flag,) = heard(
        hurt(1, seller_id="seller-2", diagnosis="fracture"),
        hurt(2, after=3, serious=True, minor=True, diagnosis="burn, scald "),
        hurt(3, after=9, serious=True),
    )

    assert flag == ProductHazardFlagged(
        product="Kettles",
        level=HazardLevel.WATCH,
        marketplace="US",
        first_incident_on=FIRST,
        last_incident_on=FIRST + timedelta(days=9),
        within_days=90,
        claims=3,
        serious=2,
        minors=1,
        injuries=(InjuryCount(diagnosis="burn, scald", claims=2),),
        seller_ids=("seller-2", "seller-1"),
        claim_ids=tuple(claim_id_of(f"fnol-{number}") for number in (1, 2, 3)),
    )


def test_of_many_sellers_the_first_and_of_many_claims_the_last_are_named() -> None:
    _, flags = heard(*(hurt(number, after=number, seller_id=f"seller-{number}") for number in range(25)))
    assert flags[-1].seller_ids == tuple(f"seller-{number}" for number in range(NAMED))
    assert flags[-1].claim_ids == tuple(claim_id_of(f"fnol-{number}") for number in range(5, 25))


def test_a_level_that_is_jumped_over_is_not_flagged_afterwards() -> None:
    given, _ = heard(hurt(1, serious=True), hurt(2, serious=True))
    assert given.flagged is HazardLevel.WATCH
    assert products.product_incident(given, hurt(3, after=1), at(day(1))).says == ()


def test_after_the_highest_level_nothing_more_is_remembered() -> None:
    given, _ = heard(*(hurt(number) for number in range(61)))
    assert given == Product(flagged=HazardLevel.STOP_SALE)


def test_what_is_too_old_for_any_window_is_forgotten() -> None:
    given, _ = heard(*(hurt(number, after=60 * number) for number in range(30)))
    assert len(given.claims) <= 4


def test_a_product_that_is_not_flagged_to_the_top_keeps_a_bounded_number_of_claims() -> None:
    given, _ = heard(*(hurt(number, after=2 * number, serious=False) for number in range(300)))
    assert len(given.claims) <= 60
    assert len(given.model_dump_json()) < 8 * 1024


def test_an_injury_that_was_not_coded_is_counted_without_a_name() -> None:
    _, (flag,) = heard(hurt(1, serious=True, diagnosis=None), hurt(2, serious=True, diagnosis=" "))
    assert (flag.claims, flag.injuries) == (2, ())
