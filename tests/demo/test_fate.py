"""Luck, and what is written."""

from collections import Counter
from enum import Enum

from ops.demo.luck import Fate, chance
from tests.demo.given import FATE, SEED


class Dish(Enum):
    SOUP = "soup"
    FISH = "fish"


class Drink(Enum):
    WATER = "water"
    WINE = "wine"


MEALS = {Dish.SOUP: 75, Dish.FISH: 25}
DRINKS = {Drink.WATER: 1, Drink.WINE: 9}


def test_luck_chooses_each_row_as_often_as_its_share() -> None:
    chosen = Counter(FATE.decides(guest, FATE.chance(guest), MEALS) for guest in range(2000))
    assert 0.7 < chosen[Dish.SOUP] / 2000 < 0.8


def test_who_is_written_of_chooses_as_it_is_written_and_otherwise_the_first_row() -> None:
    fate = Fate(SEED, {"guest": [Dish.FISH]})
    for number in range(20):
        assert fate.decides("guest", chance(number), MEALS) is Dish.FISH
        assert fate.decides("guest", chance(number), DRINKS) is Drink.WATER


def test_the_others_have_the_luck_that_they_would_have_had() -> None:
    fate = Fate(SEED, {"guest": [Dish.FISH]})
    for other in range(200):
        assert fate.decides(other, chance(other), MEALS) is FATE.decides(other, chance(other), MEALS)
