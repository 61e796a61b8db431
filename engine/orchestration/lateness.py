"""Tell whether a scheduled flow run comes so late that a fresher one does its work."""

from datetime import timedelta

from prefect.context import FlowRunContext


def is_stale(after: timedelta) -> bool:
    """Tell whether the current flow run was scheduled but started more than `after` late."""
    context = FlowRunContext.get()
    run = context.flow_run if context is not None else None
    if run is None or not run.auto_scheduled or run.state is None or run.expected_start_time is None:
        return False
    return bool(run.state.timestamp - run.expected_start_time > after)
