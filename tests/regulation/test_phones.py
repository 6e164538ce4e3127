"""Mobile numbers, alone and within a longer text, told from the telephones of offices."""

import pytest

from regulation.phones import holds_mobile, is_mobile, replace_mobiles

MOBILE = "19900000008"


@pytest.mark.parametrize(
    "text",
    [
        MOBILE,
        "199-0000-0008",
        "199 0000 0008",
        "(199) 0000-0008",
        "199 - 0000 - 0008",
        "+8619900000008",
        "(+86) 199 0000 0008",
        "0086-19900000008",
        "019900000008",
        "028-00000001 19900000008",
        "028-00000001转8001，手机19900000008",
        "１９９０００００００８",
        "199－0000－0008",
        "199—0000—0008",
        "199\N{NO-BREAK SPACE}0000\N{NO-BREAK SPACE}0008",
        "199\N{ZERO WIDTH SPACE}0000\N{ZERO WIDTH SPACE}0008",
        "＋86（199）00000008",
        "(199)0000/0008",
        "199_0000_0008",
        "028-00000001转１９９０００００００８",
    ],
)
def test_a_mobile_is_found_however_it_is_grouped_and_wherever_it_stands(text: str) -> None:
    assert holds_mobile(text)
    found: list[str] = []
    replace_mobiles(text, lambda digits: found.append(digits) or "")  # type: ignore[func-returns-value]
    assert found == [MOBILE]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "028-00000001",
        "028-13900000",
        "02813900000转8001",
        "028-61390000-1234",
        "(028) 6139 0000 1234",
        "010-69990000",
        "1990000000",
        "199000000080",
        "12900000008",
        "０２８－６１３９００００－１２３４",
        "028—61390000转1501、1502、1503",
        "1990000转0008",
    ],
)
def test_a_telephone_of_an_office_holds_none_and_stays_as_it_is(text: str) -> None:
    assert not holds_mobile(text)
    assert replace_mobiles(text, lambda _: "****") == text


def test_the_rest_of_the_text_stays() -> None:
    assert replace_mobiles("028-00000001 19900000008", lambda digits: digits[:3]) == "028-00000001 199"
    wide = "０２８－００００００００１（㈱），＋８６（１９９）００００－０００８；㍿转１"
    assert replace_mobiles(wide, lambda digits: digits[:3]) == "０２８－００００００００１（㈱），199；㍿转１"
    assert replace_mobiles(f"{MOBILE}、{MOBILE}。", lambda digits: digits[:3]) == "199、199。"


@pytest.mark.parametrize(
    ("text", "said"), [(MOBILE, True), (f" {MOBILE}", False), ("199-0000-0008", False), (f"{MOBILE}0", False)]
)
def test_a_bare_mobile_is_eleven_digits_and_nothing_else(text: str, said: bool) -> None:
    assert is_mobile(text) is said
