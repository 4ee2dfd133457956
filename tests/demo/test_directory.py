"""The seller directory: languages, contacts, standing, proceeds."""

from collections import Counter

from ops.demo.outside.directory import Contacts, Directory, Earns, Stands
from shared.events.marketplace import SellerProceedsReported, SellerRegistered, Standing
from shared.policy import load
from tests.deciding import day
from tests.demo.given import FATE, fated, only

EVERYWHERE = set(load().marketplaces())
SELLERS = {f"seller-{number:04d}": {sorted(EVERYWHERE)[number % 10]} for number in range(600)}


def profiles() -> list[SellerRegistered]:
    return only(SellerRegistered, Directory(FATE).opening(SELLERS, day(0)))


def profile(*choices: Contacts | Stands) -> list[SellerRegistered]:
    return only(SellerRegistered, Directory(fated("seller-1", *choices)).opening({"seller-1": {"US"}}, day(0)))


def test_sellers_write_in_seven_languages() -> None:
    languages = Counter(each.language for each in profiles())
    assert set(languages) == {"en", "de", "fr", "es", "it", "sv", "pl"}
    assert languages["en"] > 100


def test_some_are_suspended_or_insolvent_and_some_become_so() -> None:
    standing = Counter(each.standing for each in profiles())
    assert 550 < standing[Standing.ACTIVE] < 610
    assert all(standing[each] for each in Standing)
    first, second = profile(Stands.FAILS_LATER)
    assert (first.standing, second.standing) == (Standing.ACTIVE, Standing.INSOLVENT)


def test_the_first_contact_may_refuse_all_may_or_there_is_none() -> None:
    assert [len(each.contacts) for each in profile(Contacts.NONE)] == [0]
    [refused] = profile(Contacts.FIRST_REFUSED)
    assert [address.startswith("refused") for address in refused.contacts] == [True, False]


def test_who_earns_little_is_below_every_line_of_duty() -> None:
    said = Directory(fated("seller-1", Earns.LITTLE)).opening({"seller-1": EVERYWHERE}, day(0))
    for proceeds in only(SellerProceedsReported, said):
        rules = load().in_force(proceeds.marketplace, day(0).date())
        assert rules is not None
        assert proceeds.amount_minor < rules.insurance.duty_proceeds_minor


def test_proceeds_are_in_the_marketplaces_currency_and_on_both_sides_of_the_line() -> None:
    above = Counter[bool]()
    for proceeds in only(SellerProceedsReported, Directory(FATE).opening(SELLERS, day(0))):
        rules = load().in_force(proceeds.marketplace, day(0).date())
        assert rules is not None
        assert proceeds.currency is rules.currency
        above[proceeds.amount_minor > rules.insurance.duty_proceeds_minor] += 1
    assert 0.5 < above[True] / above.total() < 0.95
