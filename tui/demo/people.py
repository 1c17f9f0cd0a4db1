"""Sample people and departments, the same ones every time: names in many scripts, made from a seed."""

import random
from collections.abc import Iterator
from datetime import date, timedelta

from anyascii import anyascii

Row = dict[str, str]

DEPARTMENTS = (
    "Board",
    "Engineering",
    "Finance",
    "Human Resources",
    "Legal, Risk & Compliance",
    "Logistics",
    "Marketing",
    "Research + Development",
    "Sales",
    "Support",
)
PERSON_COLUMNS = (
    "employee_id",
    "first_name",
    "last_name",
    "title",
    "department",
    "location",
    "email",
    "phones",
    "start_date",
    "status",
    "cost_centre",
    "contract",
)
DEPARTMENT_COLUMNS = ("code", "name", "parent")

_NAMES: tuple[tuple[str, str, int], ...] = (
    (
        "Anna Ben Clara David Emma Felix Grace Henry Isla Jack Kate Liam Mia Noah Olivia Paul Quinn Ruth Sam Tess",
        "Abbott Baker Carter Dixon Ellis Foster Grant Hughes Irving Jones Keller Lewis Moore Nolan O'Brien Price Reed",
        34,
    ),
    (
        "José Zoë Łukasz Åse Jürgen Søren Chloé Íñigo Dvořák Žofie Ğülşen Björn Renée Ørjan",
        "García Müller Ångström Łoś Núñez Šimić Đorđević Kovács Øst Çelik Nguyễn D'Ávila Weiß Fjørtoft",
        24,
    ),
    ("Елена Иван Ольга Пётр Анна Дмитрий", "Иванова Петров Сидорова Кузнецов Щербакова Чайковский", 8),
    ("Ελένη Γιώργος Μαρία Νίκος", "Παπαδόπουλος Νικολάου Γεωργίου Οικονόμου", 5),
    ("伟 芳 娜 秀英 敏 静", "王 李 张 刘 陈 杨", 8),
    ("さくら 健太 美咲 大輔", "佐藤 鈴木 高橋 田中", 5),
    ("민준 서연 지훈 하은", "김 이 박 최", 4),
    ("محمد فاطمة علي ليلى", "الأحمد حسن إبراهيم خليل", 5),
    ("דוד שרה יעקב רחל", "כהן לוי מזרחי פרץ", 4),
    ("आरव प्रिया रोहन अनन्या", "शर्मा वर्मा सिंह पटेल", 3),
)
_TITLES = ("Analyst", "Assistant", "Consultant", "Engineer", "Manager", "Senior Engineer", "Specialist", "Team Lead")
_PLACES = ("Berlin", "København", "Lisboa", "London", "Montréal", "São Paulo", "Tōkyō", "Zürich")


def departments() -> list[Row]:
    """Give the departments, below one container named `people`."""
    root = {"code": "D00", "name": "people", "parent": ""}
    return [root] + [
        {"code": f"D{number:02}", "name": name, "parent": "people"} for number, name in enumerate(DEPARTMENTS, 1)
    ]


def people(count: int, *, seed: int = 7, first_id: int = 1) -> Iterator[Row]:
    """Give sample people, the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    weights = [weight for _, _, weight in _NAMES]
    pools = [(first.split(), last.split()) for first, last, _ in _NAMES]
    for number in range(first_id, first_id + count):
        firsts, lasts = chance.choices(pools, weights)[0]
        yield _person(chance, number, chance.choice(firsts), chance.choice(lasts))


def _person(chance: random.Random, number: int, first: str, last: str) -> Row:
    phones = [f"+49 30 {chance.randrange(10**6, 10**7)}" for _ in range(chance.choice((0, 1, 1, 2)))]
    mail = f"{anyascii(first)}.{anyascii(last)}.{number}".lower()
    return {
        "employee_id": f"E{number:06}",
        "first_name": first,
        "last_name": last,
        "title": chance.choice(_TITLES),
        "department": chance.choice(DEPARTMENTS),
        "location": chance.choice(_PLACES),
        "email": "".join(char for char in mail if char.isalnum() or char in ".-") + "@example.org",
        "phones": "|".join(phones),
        "start_date": (date(2005, 1, 1) + timedelta(days=chance.randrange(7500))).isoformat(),
        "status": "active",
        "cost_centre": str(chance.randrange(1000, 9999)),
        "contract": chance.choice(("permanent", "permanent", "permanent", "temporary")),
    }


def next_day(rows: list[Row], *, seed: int = 8) -> list[Row]:
    """Give the same people a day later: twelve joiners, eight new titles, five moves, two leavers."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    changed = [dict(row) for row in rows]
    chosen = chance.sample(range(len(changed)), 15)
    for index in chosen[:8]:
        changed[index]["title"] = f"Chief {changed[index]['title']}"
    for index in chosen[8:13]:
        others = [name for name in DEPARTMENTS if name != changed[index]["department"]]
        changed[index]["department"] = chance.choice(others)
    leavers = set(chosen[13:])
    joiners = people(12, seed=seed, first_id=len(rows) + 1)
    return [row for index, row in enumerate(changed) if index not in leavers] + list(joiners)


def day_after(rows: list[Row], *, seed: int = 9) -> list[Row]:
    """Give the same people another day later: three new titles, two moves, two joiners, one without a department."""
    chance = random.Random(seed)  # noqa: S311 - sample data
    changed = [dict(row) for row in rows]
    chosen = chance.sample(range(len(changed)), 5)
    for index in chosen[:3]:
        changed[index]["title"] = f"Acting {changed[index]['title']}"
    for index in chosen[3:]:
        others = [name for name in DEPARTMENTS if name != changed[index]["department"]]
        changed[index]["department"] = chance.choice(others)
    last = max(int(row["employee_id"].removeprefix("E")) for row in rows)
    joiners = list(people(2, seed=seed, first_id=last + 1))
    joiners[1]["department"] = ""
    return changed + joiners
