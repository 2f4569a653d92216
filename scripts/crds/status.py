"""The status of both kinds, as controller/invocation/codec_status.cc writes it."""
from schema import conditions, free_object, moment


def shown(description):
    return {"type": "string", "description": description}


def flag(description):
    return {"type": "boolean", "description": description}


def count(description):
    return {"type": "integer", "format": "int64", "description": description}


def record(description, required=(), **properties):
    return {"type": "object", "description": description, **({"required": list(required)} if required else {}), "properties": properties}


def records(description, key, item):
    return {"type": "array", "description": description, "x-kubernetes-list-type": "map", "x-kubernetes-list-map-keys": [key], "items": item}


def job_status(description):
    return record(description, name=shown("Name of the job in Lepton."), id=shown("Its id in Lepton."), attempt=count("0-based number of the try."),
                  state=shown("Pending, Creating, Starting, Running, Stopping, Succeeded, Failed, Unknown or Indeterminate."),
                  intendedTime=moment("When its creation was announced here, before it was asked for."), stopRequested=flag("It was told to stop: suspended."), startTime=moment("When it began to run."),
                  finishTime=moment("When it ended."), released=flag("Verified: it was stopped or is gone."),
                  timeoutSeconds=count("How long it may run, as its script has it."))


def endpoint_status():
    return record("The task's endpoint.", name=shown("Name of the endpoint in Lepton."), incarnation=count("0-based; higher when it had to be made again."),
                  state=shown("Pending, Creating, Waiting, Ready, Down, Failed, Deleting, Indeterminate or Released."), url=shown("Where it serves."),
                  apiFamily=shown("Whose routes serve it, where that is not /deployments."),
                  intendedTime=moment("When its creation was last announced here."), waitingSince=moment("From when its readiness timeout counts; moved on by the time that it waited for capacity."),
                  capacitySince=moment("Since when it waits for capacity or in a queue: its readiness timeout stands still."),
                  reason=shown("Why it is not Ready, as Lepton says: NoCapacity, Queueing, ImagePullFailed, Crashed, ConfigError, ApprovalRequired or "
                               "SystemError; the task's message has the sentence."),
                  unsettledUntil=moment("Until when an earlier request of uncertain end may still make it."),
                  billedSince=moment("Since when its GPUs are held; what was before stands in cost."),
                  idleSince=moment("Since when it is Ready and no job runs on it."),
                  resent=flag("Its creation was asked for more than once."),
                  releasing=flag("Its removal has begun."), readyTime=moment("When it was Ready first."), seen=flag("It was seen in Lepton."),
                  servedOtherwise=shown("Fields that Lepton showed in words of its own from the first; they are not compared."),
                  drift=shown("What of it is not as it was made, and who changed it last."),
                  putBack=count("How many times in a row it was put back after somebody else changed, stopped or removed it."),
                  putBackTime=moment("When it was put back last."))


def resolved():
    task_ = record("What the catalogue and the workspace said about a task.", ["name"], name=shown("The task."), harness=shown("Harness that has the benchmark."),
                   configType=shown("The benchmark's type in the run configuration."), container=shown("Image of its job."),
                   endpointType=shown("Which of the endpoint's APIs it uses."), nodeGroupId=shown("Node group of its job."),
                   nodeGroup=shown("What the spec called that group when it was looked up."))
    return record("Every input that does not come from the spec, frozen before anything was created.", workspaceId=shown("Id of the Lepton workspace."),
                  workspaceUrl=shown("URL of its API."),
                  defaults=free_object("The Workspace's defaults over the operator's own, by section."),
                  endpointNodeGroupId=shown("Node group of the endpoints."), tokenKeyId=shown("Which key the endpoints' token was made with."),
                  tasks=records("By task.", "name", task_))


def invocation_status():
    task_ = record("A task of the spec.", ["name"], name=shown("The task."),
                   phase=shown("Pending, Deploying, Starting, Running, Succeeded, Failed, Cancelled or Unknown."), message=shown("Why, in a sentence."),
                   wave=count("1-based number of the wave it belongs to; absent until its turn comes."),
                   run=count("spec's run that the present attempt belongs to."), retries=count("Retries of this run that were begun."),
                   endpoint=endpoint_status(), job=job_status("The job of the present attempt."),
                   earlier={"type": "array", "x-kubernetes-list-type": "atomic", "description": "Attempts that were followed by another, oldest first.",
                            "items": record("An attempt that is over.", ["outcome"], outcome=shown("How it ended, as a task's phase."),
                                            message=shown("Why, in a sentence."), run=count("The run it belonged to."), job=job_status("Its job."))})
    return record(
        "What the operator did and saw.", observedGeneration=count("metadata.generation that this status belongs to."),
        revision=count("How often the operator wrote this. Status is its own: what others write here is overwritten."),
        lastHandledReconcileAt=shown("The value of the annotation lepton.dev/reconcile-requested-at that was acted upon last."),
        invocationId=shown("16 hex digits that stand in the names of everything made for this object; its directory on the volume is named so."),
        phase=shown("Pending, Deploying, Running, Suspended, Succeeded, Failed or Deleting."), message=shown("What there is to know now, in a sentence."),
        conditions=conditions("Accepted, WorkspaceReady, Admitted, EndpointsReady, Suspended, Complete, Failed, CleanedUp."),
        startTime=moment("When the operator took it on."), completionTime=moment("When its last task ended."),
        activeSince=moment("From when activeDeadlineSeconds counts."), expired=flag("Its time after its end is over: it deletes itself."),
        queuedSince=moment("Since when it waits for places under the Workspace's limits; first come, first served."), resolved=resolved(),
        counts=record("How many tasks there are in which state.", tasks=count("All."), endpointsReady=count("Whose endpoint is Ready now."),
                      running=count("That run."), succeeded=count("That succeeded."), failed=count("That failed or were cancelled."),
                      unknown=count("Whose outcome is not known.")),
        progress=shown("Finished tasks of all, e.g. 2/3."), endpoints=shown("Endpoints that are Ready of all, e.g. 3/3; absent before there are any."),
        tasks=records("Each task of the spec.", "name", task_),
        secrets=records("Secrets that the operator made in Lepton.", "name",
                        record("A secret in Lepton.", ["name"], name=shown("Its name."), ready=flag("It was seen or made."),
                               unsettledUntil=moment("Until when a request of uncertain end may still make it."))),
        storage=record("The Invocation's directory on the volume.", path=shown("The directory."), fileSystem=shown("Where the storage API showed it."),
                       seen=flag("The storage API showed that very directory once."), removed=flag("Verified: it is gone.")),
        cost=record("GPU time of the endpoints, as far as it is over; what goes on is in their billedSince and idleSince.",
                    shape=shown("Resource shape of an endpoint."), gpus=count("GPUs of one endpoint: those of its shape, times its replicas."),
                    gpuSeconds=count("From creation to verified gone, without waiting for capacity."),
                    idleGpuSeconds=count("Of that, the time in which an endpoint was Ready and no job ran on it.")),
        cleanup=job_status("The job that removes the directory where the storage API cannot."))


def workspace_status():
    return record("What the operator saw.", observedGeneration=count("metadata.generation that this status belongs to."),
                  revision=count("How often the operator wrote this. Status is its own: what others write here is overwritten."),
                  conditions=conditions("Ready: Authenticated, Unauthorized, NotFound, Unreachable or SecretMissing. TokenExpiring: True from a week before."),
                  workspaceName=shown("The workspace's own name."), apiFamily=shown("Which of Lepton's endpoint APIs it speaks: deployments or endpoints."))
