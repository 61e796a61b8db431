"""The questions that pages, the command line and messages ask, each in a read-only transaction of its own."""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from engine import views as vw
from engine.adapters.postgres.databases import APP, READER
from engine.adapters.sql.entering import enter_for
from engine.adapters.sql.in_hand import in_hand, taken_from
from engine.adapters.sql.queries import (
    access,
    account,
    asked,
    audit,
    board,
    calls,
    case_links,
    case_page,
    case_rows,
    cases,
    copies,
    definitions,
    delays,
    documents,
    duty,
    elements,
    form,
    guardians,
    history,
    installation,
    jobs,
    keeping,
    law_case,
    links,
    notices,
    offers,
    outgoing,
    partner_page,
    people,
    person_page,
    proposed,
    reveal,
    sealed,
    sent,
    sharing,
    sight,
    statistics,
    subject,
    told,
    waiting,
    why,
    worklist,
)
from engine.adapters.sql.queries import viewer as viewer_queries
from engine.adapters.sql.queries.known import Known
from engine.adapters.sql.queries.reading import Reading
from engine.adapters.sql.rights import rights_beyond
from engine.adapters.sql.walls import gaps_in_the_wall
from engine.domain.compiled import CompiledWorkflow
from engine.domain.library import Library
from engine.domain.policy import board_units
from engine.plugin.registry import Registry
from engine.ports import Clock, Vault


class Queries:
    """Reading. What a viewer may not see does not exist for them, whatever they ask."""

    def __init__(
        self,
        engine: Engine,
        reader: Engine,
        *,
        secret: bytes,
        definitions: Callable[[str], CompiledWorkflow | None],
        registry: Registry,
        vault: Vault,
        library: Callable[[], Library],
        clock: Clock,
        gateways: tuple[str, ...] = ("email",),
    ) -> None:
        """Read for the system from `engine`, and for a viewer from `reader`, whose role no session can let out.

        `secret` proves for which viewer. `definitions` gives a compiled workflow by its content hash.
        """
        self._engine = engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._reader = reader.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        self._secret = secret
        self._known = Known(definitions, registry, library)
        self._vault = vault
        self._clock = clock
        self._gateways = gateways

    @contextmanager
    def _reading(self, viewer: vw.Viewer | None = None) -> Iterator[Reading]:
        """Begin a transaction that only reads; what was read, the time and the definitions outlive it.

        With a viewer, the database itself gives only the rows that this viewer may see. What the system asks while it
        changes something is read over the connection in hand, as it is then.
        """
        now = self._clock.now()
        in_use = in_hand(self._engine) if viewer is None or viewer.is_system else None
        if in_use is not None:
            yield Reading(in_use.connection, now, self._known, self._vault)
            return
        bound = None if viewer is None or viewer.is_system else viewer
        with taken_from(self._reader if bound else self._engine, is_still=True) as taken:
            if bound is not None:
                enter_for(taken.connection, bound, now, self._secret)
            yield Reading(taken.connection, now, self._known, self._vault)

    def viewer(self, actor_id: UUID) -> vw.Viewer:
        """Give an actor as a viewer; raises `NotFoundError` for an unknown or disabled one."""
        with self._reading() as reading:
            return viewer_queries.viewer(reading, actor_id)

    def worklist(self, viewer: vw.Viewer, *, only_mine: bool = False, limit: int = 100) -> tuple[vw.WorkItemView, ...]:
        """List what the viewer has claimed or may claim: overdue first, then by due time."""
        with self._reading(viewer) as reading:
            return worklist.worklist(reading, viewer, only_mine=only_mine, limit=limit)

    def work_counts(self, viewer: vw.Viewer, *, zone: str) -> vw.WorkCounts:
        """Count what `worklist` lists, and what waits for the viewer's acknowledgement; today is that of the zone."""
        with self._reading(viewer) as reading:
            return worklist.work_counts(reading, viewer, zone=zone)

    def work_item(self, viewer: vw.Viewer, item_id: UUID) -> vw.WorkItemView:
        """Give one work item; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return worklist.work_item(reading, viewer, item_id)

    def form(self, viewer: vw.Viewer, item_id: UUID) -> vw.FormView:
        """Open a work item to be answered.

        Raises `NotFoundError`, `AlreadyEndedError`, or `NotACandidateError` for one that is not the viewer's to do.
        """
        with self._reading(viewer) as reading:
            rows = form.form_rows(reading, viewer, item_id)
        return form.form_view(reading, rows, self._vault)

    def proposed_doer(self, viewer: vw.Viewer, item_id: UUID) -> vw.ProposedView | None:
        """Give whom a step proposes to do an item that nobody has, if somebody; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return proposed.proposed_doer(reading, viewer, item_id)

    def cases(
        self, viewer: vw.Viewer, *, status: str = "open", number: str = "", offset: int = 0, limit: int = 50
    ) -> tuple[vw.CaseLine, ...]:
        """List cases, those with the nearest deadline first; `status` is open, closed or all; `number` a beginning."""
        with self._reading(viewer) as reading:
            return cases.cases(reading, viewer, status=status, number=number, offset=offset, limit=limit)

    def count_cases(self, viewer: vw.Viewer, *, status: str = "open") -> int:
        """Count the cases that `cases` would list."""
        with self._reading(viewer) as reading:
            return cases.count_cases(reading, viewer, status=status)

    def case(self, viewer: vw.Viewer, case_id: UUID) -> vw.CaseView:
        """Give a case page, identifying answers masked; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            rows = case_rows.case_rows(reading, viewer, case_id)
            done = jobs.jobs_of_case(reading, viewer, case_id)
            warnings = () if sight.is_narrowed(rows.access) else guardians.guardian_notes(reading, case_id)
        view = case_page.case_view(reading, viewer, rows, done, self._vault)
        return view.model_copy(update={"warnings": warnings})

    def find_case(self, viewer: vw.Viewer, number: str) -> UUID:
        """Find a case by its number; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return cases.find_case(reading, viewer, number)

    def history(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.EventView, ...]:
        """Give the history of a case in words, without content; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return history.history(reading, viewer, case_id)

    def explain_deadline(self, viewer: vw.Viewer, deadline_id: UUID) -> vw.ExplanationView:
        """Say line by line why a deadline falls when it falls, and who is told when; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return why.explanation(reading, viewer, deadline_id)

    def explain_step(self, viewer: vw.Viewer, case_id: UUID, step: str) -> tuple[vw.ExplanationView, ...]:
        """Explain every deadline of a step, named by its id or its key; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return why.explanations(reading, viewer, case_id, step)

    def explain_law(self, viewer: vw.Viewer, case_id: UUID, limit_id: str) -> vw.LawExplanationView:
        """Say whether a limit of the law counts in a case, why, and until when.

        Raises `NotFoundError`, `NotAllowedError` for who may not read every answer, and `UnknownLawLimitError`.
        """
        with self._reading(viewer) as reading:
            return law_case.explain_law(reading, viewer, case_id, limit_id)

    def law_of_case(self, viewer: vw.Viewer, case_id: UUID, limit_ids: Collection[str]) -> tuple[vw.LawOfCaseView, ...]:
        """Say the same of several limits, in a number of statements that does not grow with them.

        Raises what `explain_law` raises.
        """
        with self._reading(viewer) as reading:
            return law_case.law_of_case(reading, viewer, case_id, limit_ids)

    def points_to(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.PointsToView, ...]:
        """Say what the answers of a case point to under the definitions of trafficking, never more than that.

        Nothing for who may not read and reveal every answer; raises `NotFoundError`.
        """
        with self._reading(viewer) as reading:
            found, known = elements.element_rows(reading, viewer, case_id), reading.known
        return elements.points(known, found, self._vault)

    def asked_extensions(self, viewer: vw.Viewer) -> tuple[vw.AskedView, ...]:
        """List who asks for more time in the viewer's units, if the viewer may give it, the nearest deadline first."""
        with self._reading(viewer) as reading:
            return asked.asked_extensions(reading, viewer)

    def late_calls(self, viewer: vw.Viewer) -> tuple[vw.LateView, ...]:
        """List about which late steps of the viewer's own units someone is to be rung, the nearest deadline first."""
        with self._reading(viewer) as reading:
            return calls.late_calls(reading, viewer)

    def delays(self, viewer: vw.Viewer) -> tuple[vw.DelayLine, ...]:
        """Count by unit and month what was kept and what was late, and by whom; raises `NotAllowedError`."""
        with self._reading(_bound(viewer)) as reading:
            return delays.delays(reading, viewer)

    def keeping(self, viewer: vw.Viewer, case_id: UUID | None = None) -> vw.KeepingView:
        """List what is held, sealed, to be erased or due; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return keeping.keeping(reading, viewer, case_id)

    def waiting(self, viewer: vw.Viewer, case_id: UUID | None = None) -> tuple[vw.WaitingView, ...]:
        """List what waits for a second person and the viewer may answer or asked for, the first to run out first.

        With `case_id` only what is about that case.
        """
        with self._reading(viewer) as reading:
            return waiting.waiting(reading, viewer, case_id)

    def count_waiting(self, viewer: vw.Viewer) -> int:
        """Count what waits for the viewer's answer as a second person."""
        with self._reading(viewer) as reading:
            return waiting.count_waiting(reading, viewer)

    def holders(self, viewer: vw.Viewer, case_id: UUID) -> tuple[tuple[UUID, str], ...]:
        """List who may hold a case while it is sealed; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return keeping.holders(reading, viewer, case_id)

    def copies(self, viewer: vw.Viewer) -> tuple[vw.ExportCopyView, ...]:
        """List the copies that the viewer asked for or may agree to, the latest first."""
        with self._reading(viewer) as reading:
            return copies.copies(reading, viewer)

    def count_copied(self, viewer: vw.Viewer, what: str, chosen: Mapping[str, Any]) -> int:
        """Count the lines that a copy would have now; raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return copies.count_rows(reading, viewer, what, chosen)

    def sheet(self, viewer: vw.Viewer, what: str, chosen: Mapping[str, Any]) -> vw.SheetView:
        """Give the lines of a copy; only the use case that records it may ask. Raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return copies.sheet(reading, viewer, what, chosen)

    def statistics(self, viewer: vw.Viewer, *, of: str, by: Sequence[str], outside: bool) -> vw.StatisticsView:
        """Count cases or steps, small counts withheld; raises `NotAllowedError`, `TooFineError`."""
        with self._reading(viewer) as reading:
            return statistics.statistics(reading, viewer, of=of, by=by, outside=outside)

    def unsealed_subject(self, viewer: vw.Viewer, case_id: UUID, person_id: UUID) -> vw.SubjectView:
        """Give all that is held about a person; only the use case that records the act may ask.

        Raises `NotFoundError`, `NotAllowedError`.
        """
        with self._reading(viewer) as reading:
            rows = subject.SubjectRows(reading, viewer, case_id, person_id)
        return subject.subject_view(reading, rows, self._vault)

    def document(self, viewer: vw.Viewer, document_id: UUID) -> str:
        """Give a document's HTML; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            found = documents.sealed_document(reading, viewer, document_id)
        return sealed.opened_document(self._vault, document_id, found)

    def paper(self, viewer: vw.Viewer, document_id: UUID) -> vw.PaperView:
        """Give what is known of a document, without its text; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return documents.paper(reading, viewer, document_id)

    def unsealed_answers(self, viewer: vw.Viewer, step_id: UUID) -> tuple[vw.AnswerView, ...]:
        """Give every answer of a step; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            row = reveal.answers_row(reading, viewer, step_id)
        return reveal.unmasked_answers(reading, row, self._vault)

    def unsealed_places(self, viewer: vw.Viewer, step_id: UUID) -> tuple[vw.StretchView, ...]:
        """Give where the times of a step led; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            rows = reveal.places_rows(reading, viewer, step_id)
        return reveal.unmasked_places(rows, self._vault)

    def unsealed_person(self, viewer: vw.Viewer, person_id: UUID) -> vw.CasePersonView:
        """Give who a person is; the caller records the act. Raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            seen = reveal.person_row(reading, viewer, person_id)
            others = () if sight.is_narrowed(seen.access) else person_page.others_of(reading, viewer, person_id)
        person = reveal.unmasked_person(seen, self._vault)
        return person_page.with_all_known(person, seen, others, self._vault, on=reading.now.date())

    def person(self, viewer: vw.Viewer, case_id: UUID, person_id: UUID) -> vw.PersonPageView:
        """Show what may be seen of a person of a case without a recorded act; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return person_page.person_page(reading, viewer, case_id, person_id)

    def case_links(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.CaseLinkView, ...]:
        """List with which other cases a case belongs together; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return case_links.case_links(reading, viewer, case_id)

    def audit_lines(
        self,
        viewer: vw.Viewer,
        *,
        sort: str = "",
        actor_id: UUID | None = None,
        number: str = "",
        since: datetime | None = None,
        until: datetime | None = None,
        offset: int = 0,
        limit: int = 100,
    ) -> tuple[vw.AuditLine, ...]:
        """List who did what when in the viewer's units, without content, the latest first; raises `NotAllowedError`.

        `sort` is readings, refusals, others or empty for all; instants are in UTC.
        """
        with self._reading(viewer) as reading:
            return audit.audit_lines(
                reading, viewer, sort=sort, actor_id=actor_id, number=number, since=since, until=until, offset=offset,
                limit=limit,
            )  # fmt: skip

    def readers(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.ReaderLine, ...]:
        """List who looked at a case, day by day; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return audit.readers(reading, viewer, case_id)

    def account(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.AccountLine, ...]:
        """Tell what happened in a case as the person may read it; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return account.account(reading, viewer, case_id)

    def my_glass(self, viewer: vw.Viewer) -> tuple[vw.GlassLine, ...]:
        """List what the viewer asked to see in an emergency."""
        with self._reading(viewer) as reading:
            return told.my_glass(reading, viewer, self._vault)

    def glass_to_confirm(self, viewer: vw.Viewer) -> tuple[vw.GlassView, ...]:
        """List what was opened in an emergency of the units whose glass the viewer confirms, without words."""
        with self._reading(viewer) as reading:
            return tuple(told.glass_view(row, viewer) for row in told.glass_rows(reading, viewer))

    def glass(self, viewer: vw.Viewer, request_id: UUID) -> vw.GlassView:
        """Give one of them with its words; the caller records the act. Raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            rows = told.glass_rows(reading, viewer, request_id)
        return told.glass_view(rows[0], viewer, self._vault)

    def concerns(self, viewer: vw.Viewer) -> tuple[vw.ConcernLine, ...]:
        """List what the viewer told in confidence, and what was told to them."""
        with self._reading(viewer) as reading:
            return told.concerns(reading, viewer)

    def notices(self, viewer: vw.Viewer, *, limit: int = 50) -> tuple[vw.NoticeView, ...]:
        """Give the viewer's in-app inbox, newest first."""
        with self._reading(viewer) as reading:
            return notices.notices(reading, viewer, limit=limit)

    def unread(self, viewer: vw.Viewer) -> int:
        """Count the viewer's unread notices."""
        with self._reading(viewer) as reading:
            return notices.unread(reading, viewer)

    def demo_mailbox(self, viewer: vw.Viewer, *, limit: int = 100) -> tuple[vw.MailView, ...]:
        """Give what the demo would have sent; empty outside the demo."""
        with self._reading(viewer) as reading:
            return notices.demo_mailbox(reading, viewer, limit=limit)

    def definitions(self, kind: str = "workflow") -> tuple[vw.DefinitionView, ...]:
        """List the published definitions of a kind."""
        with self._reading() as reading:
            return definitions.definitions(reading, kind)

    def definition(self, kind: str, name: str, version: int | None = None) -> vw.DefinitionView:
        """Give a definition with its source: the published version, or the one asked for; raises `NotFoundError`."""
        with self._reading() as reading:
            return definitions.definition(reading, kind, name, version)

    def published_workflows(self) -> tuple[tuple[str, int, str, str], ...]:
        """List name, version, content hash and title of each published workflow."""
        with self._reading() as reading:
            return definitions.published_workflows(reading)

    def gateways(self) -> tuple[str, ...]:
        """List the ways out that have a limit of their own."""
        return self._gateways

    def gaps_in_the_wall(self) -> tuple[str, ...]:
        """Name the tables that row-level security does not guard as it should; none where all is well."""
        with self._reading() as reading:
            return gaps_in_the_wall(reading.connection)

    def rights_beyond(self) -> tuple[str, ...]:
        """Name what the roles that write and read can in the database beyond what they should."""
        found: list[str] = []
        for sql, role in ((self._engine, APP), (self._reader, READER)):
            with sql.connect() as connection:
                found += rights_beyond(connection, role)
        return tuple(found)

    def services(self) -> tuple[vw.ServiceState, ...]:
        """List what the services last said of themselves."""
        with self._reading() as reading:
            return installation.services(reading)

    def jobs_of(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.JobView, ...]:
        """List the jobs of a case; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return jobs.jobs_of(reading, viewer, case_id)

    def board(self, viewer: vw.Viewer) -> vw.BoardView:
        """Give the admin's board; raises `NotAllowedError` for others. Ids and states only, no case content."""
        with self._reading(_bound(viewer)) as reading:
            return board.board(reading, viewer)

    def actors(self, viewer: vw.Viewer) -> tuple[vw.ActorView, ...]:
        """List the people of the viewer's units; in the demo, everybody."""
        with self._reading(viewer) as reading:
            return viewer_queries.actors(reading, viewer)

    def members(self, viewer: vw.Viewer) -> tuple[vw.MemberView, ...]:
        """List everybody who acts or acted; for a supervisor those of their units. Raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return people.members(reading, viewer)

    def member(self, viewer: vw.Viewer, actor_id: UUID) -> vw.MemberView:
        """Give one of them, or somebody whom the viewer supervises; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return people.member(reading, viewer, actor_id)

    def unit_list(self, viewer: vw.Viewer) -> tuple[vw.UnitView, ...]:
        """List the units with what they lack; raises `NotAllowedError` for who does not manage people."""
        with self._reading(viewer) as reading:
            return people.unit_list(reading, viewer)

    def units(self, viewer: vw.Viewer) -> tuple[tuple[UUID, str], ...]:
        """List the units of the network: id and name."""
        with self._reading(viewer) as reading:
            return viewer_queries.units(reading)

    def sharing(self, viewer: vw.Viewer, case_id: UUID) -> vw.SharingView:
        """Show what was agreed and sent of a case, to the unit that has it; raises `NotFoundError`."""
        with self._reading(viewer) as reading:
            return sharing.sharing(reading, viewer, case_id, self._vault)

    def matches(self, viewer: vw.Viewer) -> tuple[vw.MatchView, ...]:
        """List which other units may know persons of the viewer's cases; raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return sharing.matches(reading, viewer)

    def probes(self, viewer: vw.Viewer) -> tuple[vw.ProbeLine, ...]:
        """List how often persons were compared with those of other units; raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return sharing.probes(reading, viewer)

    def partner_page(self, referral_id: UUID, note: str, *, without: Collection[str] = ()) -> vw.PartnerPage:
        """Show a referral to a partner without an account, but not the fields `without`.

        Only the use case that records the view may ask.
        """
        with self._reading() as reading:
            return partner_page.partner_page(reading, self._vault, referral_id, note, without=without)

    def sent(self, viewer: vw.Viewer, *, limit: int = 100) -> tuple[vw.SentView, ...]:
        """List what left the viewer's cases, or waits to, and what others sent to the viewer's units."""
        with self._reading(viewer) as reading:
            return sent.sent(reading, viewer, self._vault, limit=limit)

    def link(self, viewer: vw.Viewer, token: str) -> vw.LinkView:
        """Give what the opaque link of a message leads to; raises `NotFoundError`.

        Its recipient may be of a unit that sees nothing of the case: who has the link is asked for, not a wall.
        """
        with self._reading() as reading:
            return links.link(reading, viewer, token)

    def shifts(self, viewer: vw.Viewer) -> tuple[vw.ShiftView, ...]:
        """List the shifts of the viewer's units that are not over."""
        with self._reading(viewer) as reading:
            return duty.shifts(reading, viewer)

    def absences(self, viewer: vw.Viewer) -> tuple[vw.AbsenceView, ...]:
        """List the absences that are not over: the viewer's own, and those of the people whose shifts they plan."""
        with self._reading(viewer) as reading:
            return duty.absences(reading, viewer)

    def conflicts(self, viewer: vw.Viewer, case_id: UUID) -> tuple[vw.ConflictView, ...]:
        """List who is not told of a case; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return duty.conflicts(reading, viewer, case_id)

    def case_access(self, viewer: vw.Viewer, case_id: UUID) -> vw.AccessView:
        """List who may see a case and who must not; raises `NotFoundError`, `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return access.case_access(reading, viewer, case_id)

    def offers(self, viewer: vw.Viewer) -> tuple[vw.OfferView, ...]:
        """List the work that other units have offered to the viewer's."""
        with self._reading(viewer) as reading:
            return offers.offers(reading, viewer)

    def dead_letters(self, viewer: vw.Viewer) -> tuple[vw.DeadLetterView, ...]:
        """List the sendings that were given up; raises `NotAllowedError`."""
        with self._reading(_bound(viewer)) as reading:
            return outgoing.dead_letters(reading, viewer)

    def channels(self, viewer: vw.Viewer) -> tuple[vw.ChannelView, ...]:
        """List the gateways that are set up; raises `NotAllowedError`."""
        with self._reading(_bound(viewer)) as reading:
            return outgoing.channels(reading, viewer)

    def organisations(self, viewer: vw.Viewer) -> tuple[str, ...]:
        """List the organisations of the network by name; raises `NotAllowedError`."""
        with self._reading(viewer) as reading:
            return outgoing.organisations(reading, viewer)

    def contacts(self, viewer: vw.Viewer) -> tuple[vw.ContactView, ...]:
        """List by which channels the viewer can be reached."""
        with self._reading(viewer) as reading:
            return outgoing.contacts(reading, viewer)


def _bound(viewer: vw.Viewer) -> vw.Viewer | None:
    """Give whom the wall binds where cases are only counted: nobody for one who counts those of all units."""
    return None if board_units(viewer) is None else viewer
