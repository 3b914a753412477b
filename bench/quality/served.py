"""The candidates that retrieval answers with, asked for as the service asks itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from bench.quality.persons import snapshots
from bench.quality.shop import Shop
from services.retrieval.definitions import Definitions, Place
from services.retrieval.domain.attributes import Attributes
from services.retrieval.domain.crowds import Crowds
from services.retrieval.domain.learning.lessons import Lessons
from services.retrieval.domain.learning.progress import OnProgress
from services.retrieval.domain.learning.training import (
    Report,
    TrainingSettings,
    train,
)
from services.retrieval.domain.lifts import CrowdLifts
from services.retrieval.domain.likelihood import Likelihoods
from services.retrieval.domain.popularity import WEIGHTS, Popularity
from services.retrieval.domain.postings import AttributeShelf
from services.retrieval.domain.retriever import Retriever
from services.retrieval.domain.served_model import ServedModel
from services.retrieval.domain.shelves import Shelves
from services.retrieval.domain.sizes import Sizes
from services.retrieval.domain.trends import Trends
from services.retrieval.moment import MomentReader
from services.retrieval.sourcing import BELIEFS, QUOTAS, sources
from services.retrieval.storage.indexes import build_index
from services.retrieval.wardrobes import WardrobeReader
from shared.catalogue import Catalogue
from touchpoint.common.v1.catalogue_pb2 import CatalogueBatch, CatalogueRow
from touchpoint.common.v1.decision_pb2 import DecisionContext
from touchpoint.common.v1.vocabulary_pb2 import Channel, OfferKind

_PLACE = "web.home.banner"
_ASKED = 200
_TIMEOUT_S = 60.0
"""Nobody waits here: that all sources are quick enough is measured elsewhere."""


class Served:
    """Retrieval put together as its composition root does, over the part to learn from."""

    name = "touchpoint"

    def __init__(self, shop: Shop, on_progress: OnProgress) -> None:
        settings = TrainingSettings(catalogue_id=shop.name, catalogue_version=1)
        trained = train(Lessons(shop.lines, shop.texts), settings, shop.now_us, on_progress)
        self._report = trained.report
        model = ServedModel.of(shop.name, trained.model, build_index)
        catalogue, sizes, attributes = _catalogue(shop), Sizes(), Attributes()
        popularity = _popularity(shop)
        shelves = Shelves(catalogue, sizes, lambda: popularity, lambda: shop.now_us, lambda: model)
        trends = Trends(catalogue, lambda: popularity, lambda: shop.now_us, lambda: model)
        self._loop = asyncio.new_event_loop()
        self._loop.run_until_complete(trends.look())
        nobody = Crowds(shop.now_us)
        crowds = CrowdLifts(catalogue, lambda: nobody, lambda: popularity, lambda: shop.now_us)
        attribute_shelf = AttributeShelf(attributes, catalogue, shelves)
        self._retriever = Retriever(
            catalogue,
            sources(catalogue, attribute_shelf, trends, crowds),
            QUOTAS,
            Likelihoods(BELIEFS),
            attributes=attributes,
        )
        wardrobes = WardrobeReader(catalogue, sizes, attributes)
        self._moments = MomentReader(catalogue, wardrobes, shelves, lambda: model)
        self._snapshots: Mapping[str, bytes] = snapshots(shop)
        self._bought = shop.bought()
        self._now_us = shop.now_us

    @property
    def report(self) -> Report:
        return self._report

    def ranked(self, person_id: str, *, novel: bool) -> NDArray[np.integer]:
        """Return the merged candidates in their order; `novel` excludes what was bought."""
        context = DecisionContext(now_us=self._now_us, channel=Channel.WEB)
        context.placements.add(placement=_PLACE, limit=50)
        if novel and person_id in self._bought:
            context.excluded_offer_nos.extend(self._bought[person_id].tolist())
        query = self._moments.query(
            context, self._snapshots.get(person_id, b""), _DEFINITIONS, _ASKED
        )
        found = self._loop.run_until_complete(self._retriever.retrieve(query, _TIMEOUT_S))
        return found.candidates.offer_nos


_DEFINITIONS = Definitions(
    places={_PLACE: Place(frozenset({int(OfferKind.PRODUCT)}), Channel.WEB)},
    defined_nos=np.zeros(0, np.uint32),
)


def _catalogue(shop: Shop) -> Catalogue:
    """Write every item as an import would."""
    catalogue, texts = Catalogue(), shop.texts
    batch = CatalogueBatch(previous_version=0, version=1)
    columns = (texts.offer_nos.tolist(), texts.titles, texts.categories, texts.brands)
    for number, title, category, brand in zip(*columns):
        batch.rows.append(
            CatalogueRow(
                offer_no=number,
                offer_id=str(number),
                kind=OfferKind.PRODUCT,
                family_no=number,
                title=title,
                category=category,
                brand=brand,
                stock=-1,
                cost_micros=-1,
                lever=1.0,
            )
        )
    catalogue.apply(batch)
    return catalogue


def _popularity(shop: Shop) -> Popularity:
    popularity, lines = Popularity(shop.now_us), shop.lines
    weights = np.full(len(lines.persons), WEIGHTS["purchase"])
    order = np.argsort(lines.times_us, kind="stable")
    popularity.add(
        lines.offer_nos[order], lines.times_us[order], weights, np.ones(len(order), np.bool_)
    )
    return popularity
