"""`icmc worker`: become a worker, without loading what only the portal needs."""

from engine.orchestration.server import find_server
from engine.orchestration.settings import become_worker
from engine.web.terminal import in_words, read_settings


@in_words
def worker() -> None:
    """Run a worker: Prefect's flow runs, the deadlines, and their fallback. Any number of them may run."""
    become_worker(find_server(read_settings()))
