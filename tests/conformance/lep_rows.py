"""What many rows share."""
LOGIN = ["GET /workspace", "GET /", "GET /tokens"]
FLAG = "GET /workspace"  # which family of endpoint routes the workspace has: once per process, before the first of them
LIST = "GET /deployments"
GROUPS = "GET /dedicated-node-groups"
GROUP = "h200-eu-a1b2c3d4"  # the id of h200-eu
NODES = "GET /dedicated-node-groups/{}/nodes"
# `lep job create --container-image img:1 --command true -rs cpu.small`
SMALL = {"resource_shape": "cpu.small", "container": {"image": "img:1", "command": ["/bin/bash", "-c", "true"]}, "completions": 1, "parallelism": 1,
         "envs": [], "mounts": [], "image_pull_secrets": [], "ttl_seconds_after_finished": 259200}


def job_pages(full, mode="alive_only", **query):
    """A list of jobs is asked for page by page until an empty one: `full` pages that hold something, and one more."""
    asked = []
    for page in range(1, full + 2):
        names = {**query, "job_query_mode": mode, "page": page, "page_size": 500}
        asked.append("GET /jobs?" + "&".join(f"{name}={names[name]}" for name in sorted(names)))
    return asked
