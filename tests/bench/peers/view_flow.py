"""Viewflow: a flow of views. A completion is what its own view does: lock, assign, start, execute, in a transaction."""

import sys
import types
from typing import Any

import django
from common import TASK, asked, measure, tell
from django.conf import settings
from psycopg.conninfo import conninfo_to_dict

what = asked()
place = conninfo_to_dict(what.url)
settings.configure(
    DATABASES={
        "default": {
            "ENGINE": "django.db.backends.postgresql", "NAME": place["dbname"], "USER": place["user"],
            "PASSWORD": place["password"], "HOST": place["host"], "PORT": place["port"],
            "OPTIONS": {"options": "-c synchronous_commit=on"},
        },
    },
    USE_TZ=True, SECRET_KEY="only for measuring", DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "viewflow", "viewflow.workflow"],
)  # fmt: skip
django.setup()

from django.contrib.auth.models import User  # noqa: E402 - Django lets models be imported only now
from django.core.management import call_command  # noqa: E402
from viewflow import this  # noqa: E402
from viewflow.workflow import flow, lock  # noqa: E402
from viewflow.workflow.models import Process, Task  # noqa: E402
from viewflow.workflow.status import STATUS  # noqa: E402

call_command("migrate", verbosity=0, run_syncdb=True)
user = User.objects.create(username="u")


def _no_view(_request: object, **_more: object) -> None:
    """Stand where a view would."""


def _flow(steps: int) -> Any:
    module = types.ModuleType("viewflow.workflow.linear")
    sys.modules[module.__name__] = module
    body: dict[str, Any] = {
        "start": flow.StartHandle().Next(this.t0), "end": flow.End(), "process_class": Process,
        "lock_impl": lock.select_for_update_lock, "__module__": module.__name__,
    }  # fmt: skip
    for number in range(steps):
        following = getattr(this, f"t{number + 1}") if number < steps - 1 else this.end
        body[f"t{number}"] = flow.View(_no_view).Next(following)
    made = type("Linear", (flow.Flow,), body)
    module.Linear = made  # type: ignore[attr-defined]
    return made


linear = _flow(what.steps)


def _complete(_case: str, task: str, _step: int) -> None:
    with Task.objects.get(pk=int(task)).activation() as activation:
        activation.assign(user)
        activation.start(None)
        activation.execute()


def _see(case: str) -> TASK | None:
    tasks = Task.objects.filter(process_id=int(case), status=STATUS.NEW, flow_task_type="HUMAN")
    found = tasks.values_list("pk", "flow_task").first()
    return found and (str(found[0]), int(found[1].name.removeprefix("t")))


begun = [str(linear.start.run().pk) for _ in range(what.cases)]
tell(measure(begun, what.steps, see=_see, complete=_complete))
