"""Of what a system is made: the only place where it is put together."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

from sqlalchemy import Engine as SqlEngine
from sqlalchemy.engine import make_url

from engine.access.actions import emergency, recusals, restrict
from engine.assembly import Engine
from engine.audit.actions import begin_history_of_rows
from engine.audit.proof import Outside, broken_chains, faults
from engine.audit.signing_key import SigningKeyFile
from engine.audit.store import AnchorFiles, AuditLogStore
from engine.builtin import CORE, REPORT
from engine.cases.housekeeping import installation_fact
from engine.cases.state_proof import state_differences
from engine.course.actions import closing
from engine.db.embedded.embedded import EmbeddedServer, start_embedded, stop_embedded
from engine.db.embedded.roles import DatabaseUrls, prepare_databases, urls_from
from engine.db.locks import PAGES, TimeLimits, limited_engine
from engine.db.migrate import is_demo_database, mark_as_demo, migrate
from engine.db.reading import Known, Reader
from engine.db.row_history import ROWS, RowHistory
from engine.db.transaction import Transaction, acting_for, asked_over, enter_each, in_hand, secret_of
from engine.deadlines.actions import limits
from engine.definitions.actions import proposals, retire
from engine.definitions.actions.publish import publish_shipped
from engine.definitions.cache import DefinitionCache, PublishedLibrary
from engine.definitions.holidays import known_places, whole
from engine.documents.looking import LocalFiles
from engine.documents.printing import PdfPrinter
from engine.documents.templates import PaperRenderer, lint_papers
from engine.errors import SettingsError
from engine.hubs.actions import peers
from engine.hubs.envelope import HubKeyFile
from engine.keys.data_keys import keys_in_use, open_vault
from engine.keys.key_changes import FileKeyKeeper
from engine.keys.periods import KeyRing, PeriodFolders, open_key_ring
from engine.language.diagram import Drawing, write_dot
from engine.language.findings import Finding, in_order
from engine.language.library import Definitions
from engine.language.lint.files import lint_documents
from engine.language.lint.subject import KnownNames
from engine.language.yaml_files import read_yaml
from engine.machine import (
    Clock,
    DemoClock,
    Entropy,
    SystemClock,
    SystemEntropy,
    data_folder,
    dot_to_svg,
    letters,
    machine_uptime,
    shipped_sources,
    speak_only_to,
)
from engine.messages.chat import SERVICES, AppriseGateways
from engine.messages.mail import DemoGateways, DemoMailbox, SmtpChannel
from engine.messages.records import Channel, Gateways
from engine.messages.templates import TemplateRenderer, lint_texts
from engine.overview import actions as overview_actions
from engine.people.actions import invitations, roles, second_factor
from engine.persons.actions import links
from engine.persons.tokens import NameTokens
from engine.plugin.registry import Registry, RegistryCatalogue, load_registry
from engine.retention.actions import custody, erasure, retention
from engine.retention.store import TombstoneFile
from engine.settings import Settings
from engine.sharing.actions import releasing
from engine.sign_in.passwords import Argon2Passwords, TotpCodes, shipped

DEMO_CLOCK = "demo_clock"
ASK_A_SECOND_PERSON = (
    closing, custody, emergency, erasure, invitations, limits, links, overview_actions, peers, proposals, releasing,
    recusals, restrict, retention, retire, roles, second_factor,
)  # fmt: skip
"""The modules that register what becomes of what they ask a second person for: loaded with the system, all of them."""


_NO_DEMO = "ICMC is set to run a demo, and this database is not one: what is in it can be real."
_A_DEMO = "ICMC is set not to run a demo, and this database is one: the people and cases in it are invented."
_HOW_TO_AGREE = (
    "Leave ICMC_DEMO unset, or choose the ICMC_DATA_FOLDER or ICMC_DATABASE_URL that was meant. "
    "`icmc up --demo` makes a demo in an empty database."
)


@dataclass(frozen=True)
class RunningDatabases:
    """The databases of an installation, and the embedded server if it is ours to keep."""

    urls: DatabaseUrls
    server: EmbeddedServer | None


@contextmanager
def databases(settings: Settings, *, make_demo: bool = False) -> Iterator[RunningDatabases]:
    """Start or join the embedded server, or reach the one of the user's own, and bring it to this release's shape.

    With `make_demo` a database without people and cases becomes a demo's, for good. Raise `SettingsError` where that
    cannot be, and where the settings and the database do not agree on whether it is a demo.
    """
    with reached(settings) as running:
        migrate(running.urls.owner)
        if make_demo:
            mark_as_demo(running.urls.owner)
        require_agreed_on_demo(settings, running.urls.system)
        yield running


@contextmanager
def reached(settings: Settings) -> Iterator[RunningDatabases]:
    """Do the same and leave the database's shape as it is: for backup and restore."""
    if settings.database_url is not None:
        yield RunningDatabases(
            urls_from(settings.database_url.get_secret_value(), settings.data_folder / "passwords.json"), None
        )
        return
    server = start_embedded(settings.data_folder / "postgresql", durable=settings.durable)
    try:
        yield RunningDatabases(prepare_databases(server), server)
    finally:
        stop_embedded(server)


def build_engine(
    settings: Settings,
    urls: DatabaseUrls,
    *,
    clock: Clock | None = None,
    entropy: Entropy | None = None,
    channels: Mapping[str, Channel] | None = None,
    gateways: Gateways | None = None,
    registry: Registry | None = None,
    pool_size: int = 15,
    limits: TimeLimits = PAGES,
    keys_must_be_there: bool = True,
) -> Engine:
    """Put a system together over a database that is there and migrated.

    Whether it is a demo is a fact of the database alone. Raise `SettingsError` when the settings say otherwise, and for
    a key file or period keys that are missing while something is encrypted, unless it is known that they are lost.
    """
    rows = _Rows(*(limited_engine(url, limits, pool_size=pool_size) for url in (urls.system, urls.app, urls.reader)))
    secret = secret_of(urls.owner)
    enter_each(rows.writer, secret)
    settings = _as_the_database_is(settings, rows.system)
    clock = clock or (DemoClock(SystemClock(), _demo_offset(rows.system)) if settings.demo else SystemClock())
    periods = period_folders(settings)
    in_use = keys_in_use(rows.system) if keys_must_be_there else ()
    ring = open_key_ring(settings.keys, periods, now=clock.now(), in_use=in_use)
    return _assembled(
        settings, rows, secret, clock, periods, ring, registry or load_registry(settings.pillars, builtins=(CORE,)),
        entropy=entropy or SystemEntropy(), channels=channels if channels is not None else _channels(settings),
        gateways=gateways or _gateways(settings),
    )  # fmt: skip


class _Rows(NamedTuple):
    """The ways into the database: for the system, for a viewer who writes, and for one who reads."""

    system: SqlEngine
    writer: SqlEngine
    reader: SqlEngine


def _assembled(
    settings: Settings,
    rows: _Rows,
    secret: bytes,
    clock: Clock,
    periods: PeriodFolders,
    ring: KeyRing,
    pillars: Registry,
    *,
    entropy: Entropy,
    channels: Mapping[str, Channel],
    gateways: Gateways,
) -> Engine:
    sql, signer = rows.system, SigningKeyFile(settings.signing_key)
    vault, catalogue = open_vault(sql, ring, clock), RegistryCatalogue(pillars)
    definitions, library = DefinitionCache(sql, vault, catalogue), PublishedLibrary(sql, vault)
    renderer, papers = _renderer(), _papers(tuple(item.documents for item in pillars.installed if item.documents))
    known = Known(definitions.get, pillars, library)
    return Engine(
        clock=clock, wall_clock=SystemClock(), uptime=machine_uptime, entropy=entropy,
        vault=vault, periods=periods, key_keeper=FileKeyKeeper(settings.keys, ring, periods, sql, clock),
        hub_keys=HubKeyFile(settings.keys), files=LocalFiles(settings.file_scanner),
        passwords=Argon2Passwords(), codes=TotpCodes(), is_common_password=shipped().has, fingerprints=NameTokens(),
        renderer=renderer, papers=papers, printer=PdfPrinter(data_folder("templates") / "documents" / "fonts"),
        registry=pillars, catalogue=catalogue, definitions=definitions, library=library,
        refresh_definitions=library.refresh, whole_calendar=whole,
        draw=_picture, lint=_linter(catalogue, library, renderer, papers),
        begin=lambda viewer: Transaction(
            sql if viewer is None or viewer.is_system else acting_for(rows.writer, viewer, clock.now),
            vault, definitions, library.seen_by, _note_rows,
        ),
        reader=Reader(sql, rows.reader, writer=rows.writer, secret=secret, known=known, vault=vault, clock=clock),
        channels=channels, gateways=gateways, tombstones=TombstoneFile(settings.checkpoint_folder),
        signer=signer, anchors=AnchorFiles(settings.checkpoint_folder),
        faults=lambda folders: faults(sql, vault, signer, _outside(folders)),
        broken_chains=lambda: broken_chains(faults(sql, vault, signer)),
        state_differences=lambda: state_differences(sql, vault, clock.now()),
        portal_url=settings.address, demo=bool(settings.demo),
        factor_for_all=settings.factor_for_all, factor_at_latest=settings.factor_at_latest,
        dispose=partial(_dispose, *rows),
    )  # fmt: skip


def period_folders(settings: Settings) -> PeriodFolders:
    """Return the places of the period keys of an installation."""
    return PeriodFolders(settings.keys, settings.period_folders, length=timedelta(days=settings.key_period_days))


def _note_rows(tx: Transaction, rows: RowHistory) -> None:
    """Write what a transaction wrote into rows that open a door into the audit, before it commits."""
    audit = tx.of(AuditLogStore)
    for type_, body, at in rows.taken():
        audit.note(ROWS, type_, body, actor_id=None, at=at)
    audit.flush()


def _dispose(*engines: SqlEngine) -> None:
    for one in engines:
        one.dispose()


def allowed_hosts(settings: Settings) -> frozenset[str]:
    """Name every host that may be spoken to: database, Prefect, and, unless it is a demo, whatever sends messages."""
    database = make_url(settings.database_url.get_secret_value()).host if settings.database_url else None
    prefect = urlsplit(settings.prefect_api_url).hostname
    services = (one.host for one in SERVICES.values())
    outside = (settings.smtp_host, *settings.gateway_hosts, *settings.hub_hosts, *settings.pillar_hosts, *services)
    return frozenset(host for host in (database, prefect, *(() if settings.demo else outside)) if host)


def hold_to_known_hosts(settings: Settings) -> None:
    """Let this process speak to no other host from now on, whatever part of it wants to."""
    speak_only_to(allowed_hosts(settings))


def ship(engine: Engine) -> None:
    """Publish what came with this release, where nothing of its name is published yet."""
    begin_history_of_rows(engine)
    publish_shipped(engine, shipped_sources())


def require_agreed_on_demo(settings: Settings, app_url: str) -> None:
    """Raise `SettingsError` when the settings and the database do not agree on whether it is a demo."""
    if settings.demo is None:
        return
    sql = limited_engine(app_url, PAGES, pool_size=1)
    try:
        _as_the_database_is(settings, sql)
    finally:
        sql.dispose()


@cache
def _renderer() -> TemplateRenderer:
    """Return the renderer of the shipped messages, which are looked through once for a process."""
    return TemplateRenderer(data_folder("templates"))


@cache
def _papers(of_pillars: tuple[Path, ...]) -> PaperRenderer:
    """Return the renderer of papers; those of outside pillars cannot replace the shipped ones."""
    return PaperRenderer(data_folder("templates") / "documents", *of_pillars)


def _as_the_database_is(settings: Settings, sql: SqlEngine) -> Settings:
    with sql.connect() as connection:
        is_demo = is_demo_database(connection)
    if settings.demo is not None and settings.demo != is_demo:
        raise SettingsError(problem=_NO_DEMO if settings.demo else _A_DEMO, remedy=_HOW_TO_AGREE)
    return settings.model_copy(update={"demo": is_demo})


def _channels(settings: Settings) -> Mapping[str, Channel]:
    if settings.demo:
        return {"email": DemoMailbox()}
    if not settings.smtp_host:
        return {}
    channel = SmtpChannel(
        host=settings.smtp_host, port=settings.smtp_port, sender=settings.smtp_from, security=settings.smtp_security,
        user=settings.smtp_user, password=settings.smtp_password,
    )  # fmt: skip
    return {"email": channel}


def _gateways(settings: Settings) -> Gateways:
    return DemoGateways() if settings.demo else AppriseGateways(hosts=frozenset(settings.gateway_hosts))


def _demo_offset(sql: SqlEngine) -> Callable[[], timedelta | None]:
    def read() -> timedelta | None:
        taken = in_hand(sql)
        if taken is not None and taken.is_still:
            return None
        with asked_over(sql) as connection:
            moved = installation_fact(connection, DEMO_CLOCK)
        return timedelta(seconds=float(moved["seconds"])) if moved else timedelta()

    return read


def _outside(folders: Iterable[Path]) -> Iterator[Outside]:
    return (Outside(line.place, line.written) for folder in folders for line in AnchorFiles(folder).lines())


def _linter(
    catalogue: RegistryCatalogue, library: PublishedLibrary, renderer: TemplateRenderer, papers: PaperRenderer
) -> Callable[[Mapping[str, str], Definitions], tuple[Finding, ...]]:
    def lint(sources: Mapping[str, str], around: Definitions) -> tuple[Finding, ...]:
        published = library()
        report = catalogue.find(REPORT)
        names = KnownNames.of(
            ladders=published.ladders,
            packs=published.packs.values(),
            calendars=published.calendars,
            report=report.outputs if report else None,
            letters=letters(),
            holiday_places=known_places(),
        )
        documents = [read_yaml(text, file=file) for file, text in sources.items()]
        found = lint_documents(documents, catalogue=catalogue, names=names, around=around)
        return in_order((*found, *lint_texts(documents, renderer), *lint_papers(documents, papers)))

    return lint


def _picture(drawing: Drawing) -> str:
    return dot_to_svg(write_dot(drawing), title=drawing.title)
