"""Importing people."""

from tests.exchange.imports.office import Office


async def test_somebody_twice_on_one_list_is_one_person(berlin: Office) -> None:
    """The same name and phone, spelt in whichever way, is registered once; another phone is another person."""
    taken, known, refused = await berlin.people("姓名,手机\n张三,139 0000 1111\n张三,13900001111\n张三,13900002222\n")
    assert (taken, known, refused) == (2, 1, {})


async def test_what_no_volunteer_can_have_is_refused_in_the_words_of_the_list(berlin: Office) -> None:
    """Text that is too long, and more skills than there can be, are refused by the heading; other rows are taken."""
    skills = ";".join(f"技能{n}" for n in range(21))
    taken, known, refused = await berlin.people(f"姓名,特长\n{'张' * 201},\n李四,{skills}\n王五,{skills[:-5]}\n")
    assert (taken, known) == (1, 0)
    assert refused[2] == f'姓名: "{"张" * 60}…" is too long, or holds characters that cannot be shown'
    assert refused[3] == f'特长: "{skills[:60]}…" holds too many values'
