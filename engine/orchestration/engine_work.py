"""Answer what orchestration asks by the real actions."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from engine.access.actions import emergency
from engine.access.actions import emergency as emergency_access
from engine.approvals.actions.approvals import lapse_approvals
from engine.assembly import Engine
from engine.audit import actions as checkpoints
from engine.audit import actions as prove_state
from engine.course.actions import moving_all
from engine.deadlines.actions import clock, limits
from engine.deadlines.actions import firing as fire_deadlines
from engine.deadlines.records import FiredReport
from engine.definitions.views import published_workflows
from engine.documents.actions import attachments
from engine.hubs.actions import exchange
from engine.jobs.actions import run as run_job
from engine.jobs.actions import serve as serve_jobs
from engine.jobs.records import Batch, ClaimedJob, JobPause, OpenBatch
from engine.keys.actions import rotating as key_periods
from engine.messages.actions import channels
from engine.messages.actions import delivering as deliver_messages
from engine.messages.actions import notifying as storms
from engine.numbers import actions as numbers
from engine.orchestration.seams import Chore, DoneBy, Installation, PublishedWorkflow
from engine.overview import actions as overview_actions
from engine.people.actions import leaving as passing_on
from engine.people.actions import manage as people
from engine.people.actions import program_keys
from engine.persons.actions import matches
from engine.retention.actions import erasure, retention
from engine.sharing.actions import consents
from engine.sign_in.actions import account
from engine.work.actions import items

CHORES: Final[Mapping[Chore, Callable[[Engine], object]]] = {
    Chore("sign-checkpoint", timedelta(minutes=1), "Signs how far every chain of the audit has come."): (
        checkpoints.make_checkpoint
    ),
    Chore("watch-viewing", timedelta(minutes=5), "Tells when somebody looks at unusually many cases."): (
        emergency.watch_viewing
    ),
    Chore(
        "flag-broken-emergency", timedelta(minutes=15), "Tells those above of a broken emergency that nobody confirmed."
    ): (emergency_access.flag_unconfirmed_emergencies),
    Chore("lapse-approvals", timedelta(minutes=1), "Ends what no second person has agreed to in time."): (
        lapse_approvals
    ),
    Chore(
        "audit-escalations", timedelta(minutes=15), "Proves that every level that was due has fired once."
    ): clock.audit_escalations,
    Chore("prove-state", timedelta(hours=24), "Proves every chain, and every row by what the chains tell."): (
        prove_state.prove_state
    ),
    Chore("deliver-unattended", timedelta(minutes=1), "Sends what belongs to no case."): (
        deliver_messages.deliver_unattended
    ),
    Chore("bundle-storms", timedelta(minutes=1), "Writes one message where too many came at once."): (
        storms.bundle_storms
    ),
    Chore("send-digests", timedelta(minutes=15), "Writes the daily messages of those who want them."): (
        items.send_digests
    ),
    Chore("tell-of-trouble", timedelta(minutes=5), "Tells administrators of what needs a person."): (
        overview_actions.notify_of_trouble
    ),
    Chore("drop-files", timedelta(hours=1), "Takes away what is left of files that stopped arriving."): (
        attachments.drop_unfinished
    ),
    Chore("pass-on-items", timedelta(minutes=5), "Gives the items of who is away to others."): passing_on.pass_on_all,
    Chore("end-roles", timedelta(minutes=1), "Takes the roles away whose last day is over."): people.end_roles,
    Chore("warn-of-keys", timedelta(hours=1), "Warns those whose programs have keys that end soon."): (
        program_keys.warn_of_keys
    ),
    Chore("find-matches", timedelta(minutes=1), "Compares persons who were written down with those of other units."): (
        matches.find_matches
    ),
    Chore("end-expired-consents", timedelta(minutes=5), "Calls back what was shared on consents that have run out."): (
        consents.end_expired_consents
    ),
    Chore("run-retention", timedelta(hours=24), "Proposes what is due to be erased, sealed or looked at."): (
        retention.run_retention
    ),
    Chore(
        "publish-numbers", timedelta(hours=24), "Counts the quarter that is over, and publishes what may be shown."
    ): (numbers.publish_numbers),
    Chore("make-saved-numbers", timedelta(hours=1), "Makes the numbers that people have saved, once each month."): (
        numbers.make_saved_numbers
    ),
    Chore("erase-what-is-ripe", timedelta(hours=1), "Erases what two people agreed to, once it has cooled off."): (
        erasure.erase_what_is_ripe
    ),
    Chore("turn-period", timedelta(minutes=1), "Throws the key of a period that is over away, and what was erased."): (
        key_periods.turn_period
    ),
    Chore("forget-sign-ins", timedelta(hours=1), "Forgets old failures, forms, browsers and sessions of signing in."): (
        account.forget_sign_ins
    ),
    Chore("exchange-with-hubs", timedelta(minutes=1), "Sends what waits for other hubs, and carries out what came."): (
        exchange.exchange_with_hubs
    ),
    Chore("reconcile-jobs", timedelta(minutes=1), "Frees the jobs whose worker is gone."): serve_jobs.reconcile_jobs,
    Chore(
        "recount-deadlines", timedelta(minutes=1), "Counts deadlines again after a calendar, ladder or law changed."
    ): limits.recount_deadlines,
    Chore("move-cases", timedelta(minutes=1), "Moves cases to another version of their workflow."): (
        moving_all.move_cases
    ),
}
"""The housekeeping that Prefect schedules; each is safe to be done twice, or late."""


@dataclass(frozen=True)
class EngineWork:
    """The actions of one engine; `address` is that of its case database, for listening."""

    engine: Engine
    address: str = field(repr=False)

    def installation(self) -> Installation:
        """Return what must be registered with Prefect."""
        published = self.engine.ask_all(published_workflows)
        return Installation(
            workflows=tuple(PublishedWorkflow(name, str(version), title) for name, version, _, title in published),
            gateways=tuple(self.engine.channels),
            rates=channels.gateway_rates(self.engine),
            chores=tuple(CHORES),
        )

    def share_of(self, gateway: str, *, most: Callable[[int], int]) -> int | None:
        """Return how many messages wait for a gateway with a rate."""
        return channels.share_of(self.engine, gateway, most=most)

    def now(self) -> datetime:
        """Return the present time of the engine's clock."""
        return self.engine.clock.now()

    def listening_address(self) -> str:
        """Return the address for plain psycopg connections."""
        return self.address

    def dispatchable(self, *, limit: int, bundled: bool = False) -> tuple[Batch, ...]:
        """Claim cases that have due jobs, in batches."""
        return serve_jobs.dispatchable(self.engine, limit=limit, bundled=bundled)

    def refill_batch(self, *, batch_id: UUID, unless_fewer_open: int) -> int:
        """Add waiting cases to a batch at work."""
        return serve_jobs.refill_batch(self.engine, batch_id=batch_id, unless_fewer_open=unless_fewer_open)

    def note_flow_run(self, *, batch_id: UUID, flow_run_id: UUID) -> None:
        """Remember which flow run does a batch."""
        serve_jobs.note_flow_run(self.engine, batch_id=batch_id, flow_run_id=flow_run_id)

    def claim_jobs(self, *, batch_id: UUID, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        """Claim due jobs of the batch's cases."""
        return serve_jobs.claim_jobs(self.engine, batch_id=batch_id, worker=worker, limit=limit)

    def claim_urgent_jobs(self, *, worker: str, limit: int) -> tuple[ClaimedJob, ...]:
        """Claim escalations and critical messages."""
        return serve_jobs.claim_urgent_jobs(self.engine, worker=worker, limit=limit)

    def run_job(self, job: ClaimedJob, *, flow_run_id: UUID | None, task_run_id: UUID | None, done_by: DoneBy) -> str:
        """Do a job and commit its result."""
        return run_job.run_job(self.engine, job, flow_run_id=flow_run_id, task_run_id=task_run_id, done_by=done_by)

    def note_failure(self, job: ClaimedJob, *, code: str, why: str) -> bool:
        """Write why a job failed that is tried again at once."""
        return serve_jobs.note_failure(self.engine, job, code=code, why=why)

    def fail_job(self, job: ClaimedJob, *, code: str, why: str = "") -> str:
        """Give up on this attempt."""
        return serve_jobs.fail_job(self.engine, job, code=code, why=why)

    def release_job(self, job: ClaimedJob, *, after: timedelta) -> None:
        """Return a job back untouched."""
        serve_jobs.release_job(self.engine, job, after=after)

    def close_batch(self, *, batch_id: UUID) -> bool:
        """Close a batch unless it has work again."""
        return serve_jobs.close_batch(self.engine, batch_id=batch_id)

    def hold_batch(self, *, batch_id: UUID) -> int:
        """Close a cancelled batch and hold its jobs."""
        return serve_jobs.hold_batch(self.engine, batch_id=batch_id)

    def abandon_batch(self, *, batch_id: UUID) -> None:
        """Close a lost batch."""
        serve_jobs.abandon_batch(self.engine, batch_id=batch_id)

    def open_batches(self, *, older_than: timedelta) -> tuple[OpenBatch, ...]:
        """Return the batches that have been open for longer."""
        return serve_jobs.open_batches(self.engine, older_than=older_than)

    def fire_deadlines(self, *, limit: int) -> FiredReport:
        """Fire what is due; where that is too much for one person, one message stands for all."""
        report = fire_deadlines.fire_deadlines(self.engine, limit=limit)
        if report.count:
            storms.bundle_storms(self.engine)
        return report

    def run_chore(self, name: str) -> None:
        """Do one piece of housekeeping."""
        next(function for chore, function in CHORES.items() if chore.name == name)(self.engine)

    def job_pause(self) -> JobPause:
        """Return whether automatic work is paused, and whether Prefect was told."""
        return serve_jobs.job_pause(self.engine)

    def note_pause_known(self, *, is_on: bool) -> None:
        """Keep that Prefect's queue was paused, or resumed."""
        serve_jobs.note_pause_known(self.engine, is_on=is_on)

    def note_service(self, *, service: str, state: str) -> None:
        """Remember the state of a part of the system."""
        serve_jobs.note_service(self.engine, service=service, state=state)

    def service_age(self, service: str) -> timedelta | None:
        """Return how long ago the service was last noted."""
        return serve_jobs.service_age(self.engine, service)
