"""A node pool of a GKE cluster: which machines, how many, and how they come and go."""

from typing import Annotated, Literal

from pydantic import Field

from llmplat.spec.scalars import Duration, Label, Size, Word
from llmplat.spec.shape import Shape


class Sharing(Shape):
    """How several engines share one GPU."""

    mode: Annotated[
        Literal["time-slicing", "mps", "mig"],
        Field(
            description="How a GPU is shared; time-slicing isolates neither memory nor speed; mig "
            "is not planned for yet, mps on GKE only."
        ),
    ]
    clients: Annotated[int, Field(ge=2, le=48, description="Engines that share one GPU.")] = 2


class Upgrade(Shape):
    """How the machines of a pool are replaced when GKE updates them."""

    strategy: Annotated[
        Literal["surge", "blue-green"],
        Field(description="Machine by machine, or a second set of machines beside the first."),
    ] = "surge"
    max_surge: Annotated[int, Field(ge=0, le=20, description="Machines added meanwhile.")] = 1
    max_unavailable: Annotated[
        int, Field(ge=0, le=20, description="Machines that may be away meanwhile.")
    ] = 0


class LocalSsd(Shape):
    """Disks inside the machine; what they hold is lost with it."""

    ephemeral: Annotated[
        int, Field(ge=0, le=32, description="Disks for the scratch space of pods.")
    ] = 0
    nvme: Annotated[int, Field(ge=0, le=32, description="Disks as raw devices.")] = 0


class Taint(Shape):
    """A mark that keeps away pods that do not tolerate it."""

    key: Annotated[Word, Field(description="Key of the taint.")]
    value: Annotated[str, Field(max_length=63, description="Value of the taint.")] = ""
    effect: Annotated[
        Literal["NoSchedule", "PreferNoSchedule", "NoExecute"],
        Field(description="What happens to pods that do not tolerate it."),
    ] = "NoSchedule"


class Pool(Shape):
    """One node pool."""

    name: Annotated[Label, Field(description="Name of the node pool.")]
    machine: Annotated[Word, Field(description="Machine type, for example g2-standard-8.")]
    gpu: Annotated[
        Word | None, Field(description="GPU by its catalogue name; none for a CPU pool.")
    ] = None
    count: Annotated[int, Field(ge=0, le=16, description="GPUs of each machine.")] = 0
    min: Annotated[
        int, Field(ge=0, le=1000, description="Fewest machines, all zones together.")
    ] = 0
    max: Annotated[
        int, Field(ge=1, le=1000, description="Most machines, all zones together.")
    ] = 1
    min_per_zone: Annotated[
        int | None, Field(ge=0, le=1000, description="Fewest machines of each zone.")
    ] = None
    max_per_zone: Annotated[
        int | None, Field(ge=1, le=1000, description="Most machines of each zone, in place of max.")
    ] = None
    nodes: Annotated[
        int | None,
        Field(ge=0, le=1000, description="Machines of each zone, fixed: no autoscaling."),
    ] = None
    initial: Annotated[
        int | None,
        Field(ge=0, le=1000, description="Machines of each zone when the pool is made."),
    ] = None
    zones: Annotated[
        tuple[Word, ...], Field(description="Zones of this pool; empty: those of the cluster.")
    ] = ()
    spot: Annotated[
        bool, Field(description="Use spot machines: cheaper, may be taken away at any time.")
    ] = False
    flex_start: Annotated[
        bool, Field(description="Queue for capacity (flex-start) in place of spot.")
    ] = False
    queued: Annotated[
        bool,
        Field(description="Machines come for ProvisioningRequests only (queued provisioning)."),
    ] = False
    reservation: Annotated[
        Word | None, Field(description="Name of a reservation to take machines from.")
    ] = None
    max_run_duration: Annotated[
        Duration | None, Field(description="How long a flex-start machine lives; at most 7d.")
    ] = None
    placement: Annotated[
        Literal["compact"] | None, Field(description="Machines close to each other.")
    ] = None
    sharing: Annotated[
        Sharing | None, Field(description="Share each GPU between several engines.")
    ] = None
    driver: Annotated[
        Literal["default", "latest"],
        Field(description="Which GPU driver GKE installs, where GKE installs it."),
    ] = "default"
    disk: Annotated[
        Size | None,
        Field(
            description="Boot disk; none: 200 GiB with GPUs, so that engine and model images fit, "
            "else 100 GiB."
        ),
    ] = None
    disk_type: Annotated[
        Literal["pd-balanced", "pd-ssd", "pd-standard", "hyperdisk-balanced"],
        Field(description="Type of the boot disk."),
    ] = "pd-balanced"
    local_ssd: Annotated[LocalSsd | None, Field(description="Disks inside each machine.")] = None
    max_pods: Annotated[
        int | None, Field(ge=8, le=256, description="Most pods of each machine.")
    ] = None
    labels: Annotated[
        dict[Word, Word], Field(description="Labels of its nodes beside those of GKE and llmplat.")
    ] = Field(default_factory=dict)
    taints: Annotated[
        tuple[Taint, ...], Field(description="Taints beside those that GKE sets.")
    ] = ()
    auto_repair: Annotated[
        bool | None, Field(description="GKE replaces broken machines; none: yes, flex-start no.")
    ] = None
    upgrade: Annotated[
        Upgrade | None, Field(description="How machines are replaced by newer ones.")
    ] = None
