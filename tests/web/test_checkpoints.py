"""The page that verifies the history: what is signed now, and whether it goes on from what somebody kept."""

import pytest

from tests.api.world import World
from tests.web.reader import Seen, signed_in

ADDRESS = "/admin/checkpoint"


async def signed(world: World) -> str:
    """What is signed of the history as it is."""
    found = await world.services.signer.sign(world.bank_id)
    assert found
    return found.note


@pytest.mark.parametrize("office", ["administrator", "auditor"])
async def test_the_history_is_verified_on_a_page(world: World, office: str) -> None:
    """What was signed just now holds; it begins with what was kept before, and with nothing else."""
    kept = await signed(world)
    await world.log((await world.somebody()).id)
    reader = await signed_in(world, (await world.appointed(office)).id)
    await signed(world)

    async def compared(text: str) -> Seen:
        form = (await reader.get(ADDRESS)).form(ADDRESS)
        return await reader.send(form, kept=text)

    page = await reader.get(ADDRESS)
    assert "签名核对一致" in page.headings
    assert "没有逐一核对" in page.text
    assert "timebank verify" in page.text
    assert (await reader.get(f"{ADDRESS}.txt")).response.text.startswith(f"timebank/{world.bank_id}\n")
    assert "此后没有任何改动" in (await compared(kept)).headings
    name, size, root, *rest = kept.split("\n")
    forged = "\n".join([name, size, root.swapcase(), *rest])
    assert "对不上" in (await compared(forged)).headings
    for nonsense in ("", "x", kept[:40]):
        page = await compared(nonsense)
        assert page.status == 422
        assert "没有复制完整" in page.text
