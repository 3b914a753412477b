"""The rpcs of the ranker: proto in, domain call, proto out."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import AsyncIterator

from services.ranker.definitions import RankingDefinitions
from services.ranker.evaluating import evaluation_of
from services.ranker.insights import Insights
from services.ranker.kept import Kept, Reports
from services.ranker.naming import Naming
from services.ranker.placements import write_contributions, write_placement
from services.ranker.ranking import Ranker
from services.ranker.storage.notices import learning_row
from shared.call import Call
from shared.catalogue import Catalogue
from shared.definitions import BundleFollower
from shared.person_export import demand_permission
from touchpoint.common.v1.bus_pb2 import DecisionNotice
from touchpoint.ranker.v1 import booster_pb2, reverting_pb2
from touchpoint.ranker.v1 import ranker_service_pb2 as pb
from touchpoint.ranker.v1.calibration_pb2 import (
    ReportCalibrationRequest,
    ReportCalibrationResponse,
)
from touchpoint.ranker.v1.experiments_pb2 import (
    GetExperimentRequest,
    GetExperimentResponse,
    PlanExperimentRequest,
    PlanExperimentResponse,
)
from touchpoint.ranker.v1.history_pb2 import TrainRankerRequest, TrainRankerResponse
from touchpoint.ranker.v1.insight_pb2 import ReportInsightRequest, ReportInsightResponse
from touchpoint.ranker.v1.journal_pb2 import ReplayDecisionRequest, ReplayDecisionResponse
from touchpoint.ranker.v1.off_policy_pb2 import (
    EvaluatePolicyRequest,
    EvaluatePolicyResponse,
    SimulateRankingRequest,
    SimulateRankingResponse,
)

_DEFAULT_ROWS = 100
_SLICE_ROWS = 1000


class RankerServicer:
    """Ranks by the definitions that the edge decided by and what this replica has learned."""

    def __init__(
        self,
        catalogue: Catalogue,
        bundles: BundleFollower[RankingDefinitions],
        kept: Kept,
        reports: Reports,
    ) -> None:
        self._catalogue = catalogue
        self._bundles = bundles
        self._kept = kept
        self._reports = reports
        self._ranker = Ranker(
            catalogue,
            lambda: kept.replica.model,
            kept.meetings.meet,
            lambda: kept.boosting.replica.booster,
        )
        self._insights = Insights(catalogue, kept.insights)

    async def rank(self, call: Call, request: pb.RankRequest) -> pb.RankResponse:
        context, began = request.context, time.perf_counter_ns()
        ranking = self._ranker.rank(request, self._bundles.of(context.bundle_hash))
        response = pb.RankResponse()
        sighted = ranking.judgement.sighted
        naming = None
        if context.explain:
            naming = Naming(request, self._catalogue, sighted.situation if sighted else None)
        for place, ask in enumerate(context.placements):
            placement = response.placements.add(placement=ask.placement)
            write_placement(ranking, place, placement)
            if naming is not None:
                model = self._kept.replica.model
                write_contributions(ranking, place, placement, model, naming)
        if trying := ranking.judgement.exploration:
            response.exploration.probability = trying.probability
            response.exploration.tried = trying.is_tried
            response.exploration.cost_share = trying.cost_share
        versions = response.versions
        versions.catalogue_version = self._catalogue.version
        versions.bundle_hash = context.bundle_hash
        versions.model = self._kept.replica.version
        versions.model_stale = self._kept.replica.is_stale
        versions.booster = self._kept.boosting.replica.version
        spent_us = (time.perf_counter_ns() - began) // 1000
        self._kept.keeper.keep(request, ranking, versions, spent_us)
        return response

    async def list_decisions(
        self, call: Call, request: pb.ListDecisionsRequest
    ) -> pb.ListDecisionsResponse:
        since_us = request.since_time.ToMicroseconds() if request.HasField("since_time") else 0
        entries = await self._kept.journal.newest(
            request.person_ids, since_us, request.limit or _DEFAULT_ROWS
        )
        return pb.ListDecisionsResponse(
            decisions=[DecisionNotice.FromString(entry.notice) for entry in entries]
        )

    async def replay_decision(
        self, call: Call, request: ReplayDecisionRequest
    ) -> ReplayDecisionResponse:
        return await self._kept.replayer.replay(request.decision_id)

    async def judge_shown(self, call: Call, request: pb.JudgeShownRequest) -> pb.JudgeShownResponse:
        definitions = self._bundles.of(request.request.context.bundle_hash)
        return await self._kept.policies.judge(request, definitions)

    async def evaluate_policy(
        self, call: Call, request: EvaluatePolicyRequest
    ) -> EvaluatePolicyResponse:
        return await asyncio.to_thread(evaluation_of, request.showings)

    async def train_ranker(
        self, call: Call, request: TrainRankerRequest
    ) -> AsyncIterator[TrainRankerResponse]:
        async for response in self._kept.trainer.train(request):
            yield response

    async def simulate_ranking(
        self, call: Call, request: SimulateRankingRequest
    ) -> AsyncIterator[SimulateRankingResponse]:
        async for response in self._kept.policies.simulate(request):
            yield response

    async def get_model(self, call: Call, request: pb.GetModelRequest) -> pb.GetModelResponse:
        state, replica = await self._kept.log.state(), self._kept.replica
        reverted_rows = await self._kept.reverting.reverted_rows()
        response = pb.GetModelResponse(
            model=replica.version,
            learned_rows=replica.model.number,
            written_rows=state.written,
            outcomes={outcome.name: count for outcome, count in state.outcomes.items()},
            reverted_rows=reverted_rows,
            refusal=replica.refusal,
            booster_refusal=self._kept.boosting.replica.refusal,
        )
        if report := self._kept.boosting.replica.report:
            response.booster.ParseFromString(report)
        if standing := self._kept.boosting.replica.standing:
            response.booster_standing.ParseFromString(standing)
        explored = self._ranker.explored
        response.exploration.pages = explored.pages
        response.exploration.tried = explored.tried
        response.exploration.cost_share = explored.cost_share
        if request.digest:
            response.digest = hashlib.sha256(replica.model.snapshot()).hexdigest()
        for parked in state.parked:
            told = response.parked.add(
                reason=parked.reason.name,
                count=parked.count,
                latest_event_id=parked.latest_event_id,
            )
            told.latest_time.FromMicroseconds(parked.latest_us)
        return response

    async def report_calibration(
        self, call: Call, request: ReportCalibrationRequest
    ) -> ReportCalibrationResponse:
        return await self._kept.calibrating.report(request)

    async def stream_learning(
        self, call: Call, request: pb.StreamLearningRequest
    ) -> AsyncIterator[pb.StreamLearningResponse]:
        number = request.number
        while rows := await self._kept.log.rows_after(number, _SLICE_ROWS):
            number = rows[-1].number
            yield pb.StreamLearningResponse(number=number, rows=[learning_row(row) for row in rows])

    async def get_results(
        self, call: Call, request: pb.GetResultsRequest
    ) -> AsyncIterator[pb.GetResultsResponse]:
        async with self._reports.turn:
            async for response in self._reports.results.measure(request):
                yield response

    async def get_experiment(
        self, call: Call, request: GetExperimentRequest
    ) -> AsyncIterator[GetExperimentResponse]:
        async with self._reports.turn:
            async for response in self._reports.experiments.get(request):
                yield response

    async def plan_experiment(
        self, call: Call, request: PlanExperimentRequest
    ) -> AsyncIterator[PlanExperimentResponse]:
        async with self._reports.turn:
            async for response in self._reports.experiments.plan(request):
                yield response

    async def revert_learning(
        self, call: Call, request: reverting_pb2.RevertLearningRequest
    ) -> reverting_pb2.RevertLearningResponse:
        return await self._kept.reverting.revert(request)

    async def undo_revert(
        self, call: Call, request: reverting_pb2.UndoRevertRequest
    ) -> reverting_pb2.UndoRevertResponse:
        return await self._kept.reverting.undo(request)

    async def list_reverts(
        self, call: Call, request: reverting_pb2.ListRevertsRequest
    ) -> reverting_pb2.ListRevertsResponse:
        return await self._kept.reverting.listed()

    async def report_insight(
        self, call: Call, request: ReportInsightRequest
    ) -> ReportInsightResponse:
        return await self._insights.report(request, await self._kept.log.written())

    async def stream_examples(
        self, call: Call, request: booster_pb2.StreamExamplesRequest
    ) -> AsyncIterator[booster_pb2.StreamExamplesResponse]:
        async for response in self._kept.boosting.examples():
            yield response

    async def serve_booster(
        self, call: Call, request: booster_pb2.ServeBoosterRequest
    ) -> booster_pb2.ServeBoosterResponse:
        return await self._kept.boosting.serve(request)

    async def roll_back_booster(
        self, call: Call, request: booster_pb2.RollBackBoosterRequest
    ) -> booster_pb2.RollBackBoosterResponse:
        return await self._kept.boosting.roll_back(request)

    async def erase_person(
        self, call: Call, request: pb.ErasePersonRequest
    ) -> pb.ErasePersonResponse:
        return pb.ErasePersonResponse(rows=await self._kept.journal.erase(request.person_ids))

    async def export_person(
        self, call: Call, request: pb.ExportPersonRequest
    ) -> AsyncIterator[pb.ExportPersonResponse]:
        demand_permission(call)
        async for table, rows in self._kept.journal.export(request.person_ids):
            yield pb.ExportPersonResponse(table=table, rows=rows)
