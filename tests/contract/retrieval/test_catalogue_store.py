"""What every store of the catalogue does."""

import asyncio

import pytest

from services.retrieval.domain.catalogue import MOST_BYTES, MOST_ROWS, PRODUCT, Draft
from services.retrieval.storage import MIGRATIONS
from services.retrieval.storage.catalogue import PostgresCatalogue
from services.retrieval.storage.in_memory import InMemoryCatalogue
from shared.errors import OutOfRange
from touchpoint.common.v1.catalogue_pb2 import CatalogueRow

PROMOTION = 2


def content(title):
    return CatalogueRow(title=title).SerializeToString()


def item(offer_id, title="as new", variant_of="", index=0):
    return Draft(index, offer_id, PRODUCT, content(title), variant_of)


def offer(offer_id, about=(), title="10% off", index=0, is_defined=False):
    return Draft(index, offer_id, PROMOTION, content(title), "", tuple(about), is_defined)


@pytest.fixture(params=["memory", "postgres"])
async def store(request, fresh_database):
    if request.param == "memory":
        return InMemoryCatalogue()
    return PostgresCatalogue(await fresh_database("retrieval", MIGRATIONS))


async def families(store, *offer_ids):
    return [entry.family_no for entry in await store.find(offer_ids)]


async def test_rows_get_numbers_from_one_on_and_are_read_in_order_of_change(store):
    assert (await store.write([item("a"), item("b")])).version == 1
    await store.write([item("c")])
    await store.write([item("a", "dented")])
    read = await store.read_after(0)
    assert [(e.offer_no, e.offer_id, e.content) for e in read.entries] == [
        (2, "b", content("as new")),
        (3, "c", content("as new")),
        (1, "a", content("dented")),
    ]
    assert (read.previous_version, read.version, read.newest_version) == (0, 3, 3)
    assert await store.newest_version() == 3


async def test_the_same_content_again_makes_no_version(store):
    await store.write([item("a"), offer("o", ["a"])])
    written = await store.write([offer("o", ["a"]), item("a")])
    assert (written.version, written.rejections) == (1, ())
    assert (await store.write([item("a", "other")])).version == 2


async def test_a_reader_that_has_all_gets_an_empty_slice(store):
    await store.write([item("a")])
    read = await store.read_after(1)
    assert (read.previous_version, read.version, read.entries) == (1, 1, ())


async def test_a_version_that_was_never_reached_is_out_of_range(store):
    with pytest.raises(OutOfRange):
        await store.read_after(7)


async def test_a_variant_belongs_to_the_family_of_its_root(store):
    await store.write([item("shoe"), item("shoe-42", variant_of="shoe")])
    assert await families(store, "shoe", "shoe-42") == [1, 1]


async def test_a_variant_written_before_its_root_joins_it_when_it_comes(store):
    await store.write([item("shoe-42-red", variant_of="shoe-42")])
    await store.write([item("shoe-42", variant_of="shoe")])
    assert await families(store, "shoe-42", "shoe-42-red") == [2, 2]
    written = await store.write([item("shoe")])
    assert await families(store, "shoe", "shoe-42", "shoe-42-red") == [3, 3, 3]
    changed = (await store.read_after(written.version - 1)).entries
    assert {entry.offer_id for entry in changed} == {"shoe", "shoe-42", "shoe-42-red"}


async def test_variants_leave_a_family_with_the_item_they_hang_on(store):
    rows = [item("a"), item("b", variant_of="a"), item("c", variant_of="b")]
    await store.write(rows)
    await store.write([item("b")])
    assert await families(store, "a", "b", "c") == [1, 2, 2]


async def test_a_circle_of_variants_is_refused_and_the_others_are_written(store):
    await store.write([item("a", variant_of="b"), item("b", variant_of="c")])
    written = await store.write([item("c", variant_of="a", index=4), item("d", index=5)])
    [rejection] = written.rejections
    assert (rejection.index, rejection.field) == (4, "variant_of")
    assert "c > a > b > c" in rejection.message
    assert [entry.offer_id for entry in await store.find(["c", "d"])] == ["d"]


async def test_a_variant_of_an_offer_is_refused(store):
    await store.write([offer("sale")])
    [rejection] = (await store.write([item("a", variant_of="sale")])).rejections
    assert rejection.field == "variant_of"


async def test_an_offer_knows_the_numbers_of_the_items_it_is_about(store):
    await store.write([item("a"), item("b"), offer("sale", ["b", "a"])])
    [entry] = await store.find(["sale"])
    assert (entry.about_nos, entry.family_no) == ((2, 1), 0)


async def test_an_offer_about_an_unknown_item_is_refused_with_its_place(store):
    await store.write([item("a")])
    written = await store.write([offer("sale", ["a", "b"], index=3)])
    [rejection] = written.rejections
    assert (rejection.index, rejection.field) == (3, "about_items[1]")
    assert (written.version, await store.find(["sale"])) == (1, [])


async def test_an_id_is_either_an_item_or_an_offer(store):
    await store.write([item("a"), offer("o")])
    written = await store.write([offer("a"), item("o", index=1)])
    assert [r.field for r in written.rejections] == ["offer_id", "item_id"]


async def test_an_offer_of_the_definitions_is_changed_only_there(store):
    await store.write([offer("default", is_defined=True)])
    assert (await store.write([offer("default", title="mine")])).rejections
    changed = offer("default", title="theirs", is_defined=True)
    assert (await store.write([changed])).version == 2


async def test_what_would_be_refused_is_told_without_writing_anything(store):
    await store.write([item("a")])
    drafts = [offer("o", ["a"]), offer("p", ["nothing"], index=1), item("a")]
    assert [each.field for each in await store.check(drafts)] == ["about_items[0]"]
    assert (await store.newest_version(), await store.find(["o", "p"])) == (1, [])


async def test_a_refused_row_uses_up_no_number(store):
    await store.write([item("a"), item("b", variant_of="b"), item("c")])
    assert [entry.offer_no for entry in await store.find(["a", "c"])] == [1, 2]


async def test_entries_are_found_in_the_order_asked_and_the_unknown_left_out(store):
    await store.write([item("a"), item("b")])
    found = await store.find(["b", "nothing", "a"])
    assert [entry.offer_id for entry in found] == ["b", "a"]


async def test_a_large_change_is_read_in_slices_of_whole_versions(store):
    count = 2 * MOST_ROWS + 500
    await store.write([item(f"i{number}") for number in range(count)])
    version, sizes = 0, []
    while True:
        read = await store.read_after(version)
        assert read.previous_version == version
        version = read.version
        sizes.append(len(read.entries))
        if version == read.newest_version:
            break
    assert sizes == [MOST_ROWS, MOST_ROWS, 500]


async def test_rows_of_much_content_make_smaller_slices(store):
    await store.write([item(name, "x" * (MOST_BYTES // 2 - 100)) for name in "abcd"])
    read = await store.read_after(0)
    assert (len(read.entries), read.version < read.newest_version) == (2, True)


async def test_writers_at_once_neither_share_numbers_nor_lose_rows(store):
    drafts = [[item(f"{writer}-{n}") for n in range(20)] for writer in range(4)]
    await asyncio.gather(*(store.write(rows) for rows in drafts))
    read = await store.read_after(0)
    assert sorted(entry.offer_no for entry in read.entries) == list(range(1, 81))
    assert read.version == 4
