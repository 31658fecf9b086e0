"""A share of a long list's PDFs, laid out beside the run of the campaign that asked for it."""

from typing import Annotated

from prefect import flow
from prefect.runtime import flow_run

from flows.counted import counted
from flows.errors import ConfigurationError, DearMinisterError
from flows.orchestration import flow_runs, states, tasks
from flows.orchestration.parameters import AsOf, CampaignKey, Lists, text
from flows.orchestration.states import Ending

flow_runs.one_line_each()

Share = Annotated[int, text("Share", "Which of the shares, counted from 0.", minimum=0)]
Of = Annotated[int, text("Of", "How many shares there are.", minimum=1)]


@flow(name="render", flow_run_name=lambda: str(flow_run.name), persist_result=False)
def render(
    campaign: CampaignKey = "",
    contacts: Lists = [],  # noqa: B006  # never changed; an immutable default has no form
    as_of: AsOf = None,
    share: Share = 0,
    of: Of = 1,
) -> Ending:
    """Lay out a share of a campaign's PDFs; a campaign's run with several workers starts it."""
    try:
        if not campaign or not 0 <= share < of:
            raise ConfigurationError("no share of a campaign was named; nothing was done")
        with flow_runs.at_work() as ledger:
            drafted = tasks.read(campaign, contacts, as_of)
            letters = tasks.lay_out(ledger, tasks.as_is(drafted), share, of)
            return states.done(
                f"{counted(letters, 'letter')} laid out, for the run of the campaign to freeze"
            )
    except DearMinisterError as error:
        return states.failed(error)
