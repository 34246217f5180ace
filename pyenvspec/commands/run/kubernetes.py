"""Kubernetes: a Job, and `kubectl create`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import yaml

from pyenvspec.commands.run.job import Submission, seconds
from pyenvspec.spec.flow import is_word

if TYPE_CHECKING:
    from pyenvspec.commands.run.job import Job
    from pyenvspec.spec.targets import Kubernetes


def kubernetes(job: Job, settings: Kubernetes) -> Submission:
    """Return the Job; each time it is created it gets a name of its own."""
    main: dict[str, Any] = {"name": "main", "image": job.image}
    main["command"] = [_literal(word) for word in job.words]
    if job.env:
        main["env"] = [{"name": name, "value": _literal(value)} for name, value in job.env]
    resources = _resources(settings)
    if resources:
        main["resources"] = resources
    # A training that failed is not to begin anew by itself: neither the container here nor the pod (backoffLimit).
    pod: dict[str, Any] = {"restartPolicy": "Never"}
    if settings.pull_secret:
        pod["imagePullSecrets"] = [{"name": settings.pull_secret}]
    if settings.gpus:
        # What workers of a data loader share; a container has 64 MB of it otherwise.
        main["volumeMounts"] = [{"name": "shm", "mountPath": "/dev/shm"}]  # noqa: S108
        pod["volumes"] = [{"name": "shm", "emptyDir": {"medium": "Memory"}}]
    pod["containers"] = [main]
    spec: dict[str, Any] = {"backoffLimit": 0}
    if settings.time:
        spec["activeDeadlineSeconds"] = seconds(settings.time)
    spec["template"] = {"spec": merged(pod, settings.pod)}
    # `kubectl apply` would want a name of its own, and refuse to change the Job of that name.
    metadata: dict[str, Any] = {"generateName": f"{job.name}-"}
    if settings.namespace:
        metadata["namespace"] = settings.namespace
    whole = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": spec}
    text = f"# {job.head}\n{dump(whole)}"
    return Submission("yaml", text, ("kubectl", "create", "--filename", "{file}"), "install kubectl")


def _resources(settings: Kubernetes) -> dict[str, dict[str, Any]]:
    """Return what it needs; a limit on processors would only slow it down."""
    needed = {name: value for name, value in (("cpu", settings.cpus), ("memory", settings.memory)) if value}
    limits = {
        name: value
        for name, value in (("memory", settings.memory), ("nvidia.com/gpu", settings.gpus))
        if value
    }
    return {name: values for name, values in (("requests", needed), ("limits", limits)) if values}


def _literal(text: str) -> str:
    """Return a text in which Kubernetes fills in no variable: it reads $(NAME), and $$ as $."""
    return text.replace("$", "$$")


def merged(ours: dict[str, Any], theirs: dict[str, Any]) -> dict[str, Any]:
    """Return ours with what the user says besides: mappings are merged, lists joined, single values theirs."""
    whole = dict(ours)
    for key, value in theirs.items():
        there = whole.get(key)
        if isinstance(there, dict) and isinstance(value, dict):
            whole[key] = merged(there, value)
        elif isinstance(there, list) and isinstance(value, list):
            whole[key] = [*there, *value]
        else:
            whole[key] = value
    return whole


def dump(document: dict[str, Any]) -> str:
    """Return YAML for people, in the order given."""
    # Numbers of env.yaml know how they were typed, and YAML's writer knows only plain ones.
    plain = json.loads(json.dumps(document))
    return yaml.dump(plain, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000)


class _Dumper(yaml.SafeDumper):
    """Quotes each text but plain words; of its own, since a representer is kept by the class for everybody.

    PyYAML knows the numbers of YAML 1.1 only, and few of its truth values: to kubectl `1e-3`, `0o17` and `y` are no
    texts.
    """


def _write_text(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    # Several lines as such, unless one ends with a sign at which only some YAMLs end it.
    several = "|" if "\n" in text and not re.search(_LINE_ENDS, text) else '"'
    style = None if is_word(text) else several
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_LINE_ENDS = "[\r\x85\u2028\u2029]"
_Dumper.add_representer(str, _write_text)
