"""A finished data set starts a training: Prefect's own automation, made and unmade by a setting."""

from datetime import timedelta

from schemas.data_set_event import DATA_SET_FINISHED, PATH_LABEL, SPLIT_LABEL
from schemas.errors import UsageError

_NAME = "callmill: a finished data set starts a training"


async def set_training_automation(deployment: str | None) -> None:
    """Make the automation of a setting, in the place of an earlier one; without a setting there is none.

    Args:
        deployment: that learns from the data set, such as train/lora; its parameter `data` becomes the folder.

    Raises:
        UsageError: the server knows no such deployment.
    """
    from prefect.client.orchestration import get_client
    from prefect.events.actions import RunDeployment
    from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
    from prefect.exceptions import ObjectNotFound

    async with get_client() as client:
        for earlier in await client.read_automations_by_name(_NAME):
            await client.delete_automation(earlier.id)
        if deployment is None:
            return
        try:
            found = await client.read_deployment_by_name(deployment)
        except (ObjectNotFound, ValueError):
            raise UsageError(
                f"CALLMILL_TRAIN_AFTER_SYNTH is '{deployment}', which is no deployment; set one such as train/lora."
            ) from None
        trigger = EventTrigger(
            expect={DATA_SET_FINISHED},
            match={SPLIT_LABEL: "train"},
            posture=Posture.Reactive,
            threshold=1,
            within=timedelta(0),
        )
        folder = {"__prefect_kind": "jinja", "template": f"{{{{ event.resource['{PATH_LABEL}'] }}}}"}
        action = RunDeployment(source="selected", deployment_id=found.id, parameters={"data": folder})
        await client.create_automation(
            AutomationCore(
                name=_NAME, description=f"Runs {deployment}.", enabled=True, trigger=trigger, actions=[action]
            )
        )
