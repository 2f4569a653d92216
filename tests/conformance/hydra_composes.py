"""Runs in hydra-core's own environment: what does Hydra make of each row?

Standard input: {"config": {...}, "rows": [[override, ...], ...]}. Standard output: for each row {"config": {...}} or {"error": "..."}, as
JSON. Interpolations stay as they are written.

Hydra's compose() takes an eighth of a second a row, most of it for what no row changes. So each row goes through the two steps of it that
see overrides, Hydra's parser and its application to the composed configuration, and every eighth through compose() too: same result, or the
end of this.
"""
import copy
import json
import pathlib
import sys
import tempfile

from hydra import compose, initialize_config_dir
from hydra._internal.config_loader_impl import ConfigLoaderImpl
from hydra.core.override_parser.overrides_parser import OverridesParser
from omegaconf import OmegaConf


def outcome(make):
    try:
        config = OmegaConf.to_container(make(), resolve=False)
        json.dumps(config)
        return {"config": config}
    except Exception as error:  # of any type: each is Hydra's refusal
        return {"error": f"{type(error).__name__}: {error}"}


class Rows:
    def __init__(self):
        self.base = compose(config_name="manifest")
        self.parser = OverridesParser.create()

    def short(self, overrides):
        config = copy.deepcopy(self.base)
        parsed = self.parser.parse_overrides(overrides)
        for override in parsed:
            if override.is_sweep_override():
                raise ValueError("a sweep needs --multirun")
        # config groups are taken out before: a key with a slash is one
        if any("/" in override.key_or_group for override in parsed):
            raise ValueError("no such config group")
        ConfigLoaderImpl._apply_overrides_to_config(parsed, config)
        return config

    def row(self, number, overrides):
        found = outcome(lambda: self.short(overrides))
        if number % 8 == 0:
            whole = outcome(lambda: compose(config_name="manifest", overrides=overrides))
            if found.get("config") != whole.get("config"):
                sys.exit(f"{overrides}: by its steps Hydra makes {found}, by compose() {whole}")
        return found


def main():
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as directory:
        (pathlib.Path(directory) / "manifest.yaml").write_text(json.dumps(asked["config"]))
        with initialize_config_dir(version_base="1.3", config_dir=directory):
            rows = Rows()
            json.dump([rows.row(number, overrides) for number, overrides in enumerate(asked["rows"])], sys.stdout)


if __name__ == "__main__":
    main()
